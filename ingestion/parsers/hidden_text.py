"""How much text of a file its reader cannot see, why and where; never what it says."""

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from ingestion.parsers.page_warnings import ranges

_MOST_PLACES = 10


class HiddenText(NamedTuple):
    """Characters that are left out of a document.

    reason: why nobody sees them, a few words. characters: how many, white space aside. page:
    from 1, or None where the format has no pages.
    """

    reason: str
    characters: int
    page: int | None = None


def count_characters(text: str) -> int:
    """Return how many characters of the text are not white space."""
    return sum(map(len, text.split()))


def hidden_warnings(found: Iterable[HiddenText], places: str = "page") -> list[str]:
    """Return a sentence per reason: how many characters were left out, and where.

    places: what a page is called in the format, in the singular.
    """
    counts: dict[str, int] = defaultdict(int)
    pages: dict[str, set[int]] = defaultdict(set)
    for reason, characters, page in found:
        counts[reason] += characters
        if page is not None and characters:
            pages[reason].add(page)
    return [
        f"Hidden text was left out: {_amount(count)}{_where(pages[reason], places)} ({reason})."
        for reason, count in counts.items()
        if count
    ]


def _amount(count: int) -> str:
    return "1 character" if count == 1 else f"{count} characters"


def _where(pages: set[int], places: str) -> str:
    if not pages:
        return ""
    named = ranges(sorted(pages))
    more = len(named) - _MOST_PLACES
    listed = ", ".join(named[:_MOST_PLACES]) + (f" and {more} more places" if more > 0 else "")
    return f" on {places}{'s' if len(pages) > 1 else ''} {listed}"
