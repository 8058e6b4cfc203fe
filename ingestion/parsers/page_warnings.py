"""What is said of a document's pages that could not be read as the others were."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby


def page_warnings(what: str, numbers: Sequence[int]) -> list[str]:
    """Return 'what: 3, 5-7.' for the numbers, rising; nothing where there are none."""
    return [f"{what}: {', '.join(_ranges(numbers))}."] if numbers else []


def _ranges(numbers: Iterable[int]) -> Iterator[str]:
    """Yield '3' or '5-7' for each run of numbers that follow each other."""
    for _, run in groupby(enumerate(numbers), key=lambda pair: pair[1] - pair[0]):
        members = [number for _, number in run]
        yield str(members[0]) if len(members) == 1 else f"{members[0]}-{members[-1]}"
