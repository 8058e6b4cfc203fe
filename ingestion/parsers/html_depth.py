"""HTML cut down to what can be read in linear time."""

import re

_TAG = re.compile(r"<(/?)([a-z][^\s/<>]*+)[^<>]*+>", re.I)
# Elements that have no end tag, or need none.
_UNENDED = frozenset(
    "area base br col embed hr img input link meta param source track wbr "
    "p li dt dd tr td th thead tbody tfoot option colgroup caption html head body".split()
)
# The HTML parser looks through all open elements at each tag; browsers stop at 512.
_DEEPEST = 2000
_LONG_TAG, _MOST_ATTRIBUTES = 5000, 2000


def flattened(markup: str) -> str:
    """Return the markup without start tags deeper, or attributes more, than any page has."""
    depth = 0

    def kept(tag: re.Match[str]) -> str:
        nonlocal depth
        if len(tag[0]) > _LONG_TAG and sum(map(tag[0].count, " \t\n\f/=")) > _MOST_ATTRIBUTES:
            # Each attribute is compared with all others of its element.
            return f"<{tag[1]}{tag[2]}>"
        if tag[2].lower() in _UNENDED:
            return tag[0]
        if tag[1]:
            depth = max(0, depth - 1)
        elif depth >= _DEEPEST:
            return " "
        else:
            depth += 1
        return tag[0]

    return _TAG.sub(kept, markup)
