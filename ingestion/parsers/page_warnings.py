"""What is said of a document's pages that could not be read as the others were."""

from collections.abc import Iterable, Sequence
from itertools import groupby


def page_warnings(what: str, numbers: Sequence[int]) -> list[str]:
    """Return 'what: 3, 5-7.' for the numbers, rising; nothing where there are none."""
    return [f"{what}: {', '.join(ranges(numbers))}."] if numbers else []


def ranges(numbers: Iterable[int]) -> list[str]:
    """Return '3' or '5-7' for each run of numbers, rising, that follow each other."""
    found = []
    for _, run in groupby(enumerate(numbers), key=lambda pair: pair[1] - pair[0]):
        members = [number for _, number in run]
        found.append(str(members[0]) if len(members) == 1 else f"{members[0]}-{members[-1]}")
    return found
