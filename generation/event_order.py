"""Which of two events a sentence puts first: "after signing in, change it", 先…再…, …之前…."""

import re
from dataclasses import dataclass

_SHORT = 2  # characters of an event, at least
_LONG = 300  # characters of a sentence; a longer one is not looked at, which bounds the time

# Each names the groups `first` and `second`; the earlier ones say it more plainly.
_PATTERNS = tuple(
    re.compile(pattern)
    for pattern in (
        r"先(?P<first>[^，,。；;]+?)[，,。；;]?(?:然后|随后|接着|[之以稍]?后|再)(?P<second>.+)",
        r"先(?P<first>[^，,。；;]+)[，,。；;](?P<second>.+?)(?:之后|以后|稍后|再)",
        r"(?P<second>.+?)(?:之前|以前|(?<![目从提面先])前(?![来往述款后面期]))[，,]?(?P<first>.+)",
        r"(?P<first>.+?)(?:之后|以后|(?<![今前售然随稍])后(?![续面台果悔期]))[，,]?(?P<second>.+)",
        r"^(?:please )?before (?P<second>[^,.;]+), (?P<first>.+)",
        r"^(?:please )?(?:after|once|as soon as|when) (?P<first>[^,.;]+), (?P<second>.+)",
        r"(?P<first>.+?) (?:now|first)[,;]?(?: and| then)* (?P<second>.+?) (?:later|afterwards)\b",
        r"(?P<first>.+?)\bbefore (?P<second>.+)",
        r"(?P<first>.+?),?(?: and)? then (?P<second>.+)",
        r"(?P<second>.+?)\b(?:after|once|as soon as) (?P<first>.+)",
    )
)


@dataclass(frozen=True, slots=True)
class Order:
    """Two events as a text words them, the one that comes first and the other."""

    first: str
    second: str


def event_order(lowered: str) -> Order | None:
    """Return the order that a sentence in lower case states; None for none, or a long one."""
    if len(lowered) > _LONG:
        return None
    for pattern in _PATTERNS:
        match = pattern.search(lowered)
        if match and min(len(match["first"]), len(match["second"])) >= _SHORT:
            return Order(match["first"], match["second"])
    return None
