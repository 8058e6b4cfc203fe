"""Turn a follow-up into a question that can be searched for on its own."""

import re

# 应该, 其他, 此外 and 那达慕 hold the characters, and refer to nothing.
_REFERS_BACK = re.compile(
    r"(?<!其)[它他她]|这|其(?![他它余实次])|(?<!应)该|此(?!外)|那(?!达慕)"
    r"|上述|前者|后者|还有|为什么呢|呢[？?]?$"
    r"|\b(?:it|its|they|them|their|he|she|his|her|this|that|these|those)\b"
    r"|(?<!is )(?<!are )(?<!was )(?<!were )\bthere\b"
    r"|^(?:and|what about|how about|why)\b",
    re.IGNORECASE,
)
_SHORT = 10
_FURTHEST = 3


def standalone_question(question: str, earlier_questions: list[str]) -> str:
    """Return the question, with those before it in front as far as it leans on them.

    A question leans on the one before if it refers back or is very short; that one leans further
    only if it refers back, and so on to three. earlier_questions: the user's own, oldest first. A
    topic of its own is searched for alone.
    """
    parts = [question]
    for earlier in reversed(earlier_questions[-_FURTHEST:]):
        is_short = len(parts) == 1 and len(question) < _SHORT
        if not is_short and _REFERS_BACK.search(parts[0]) is None:
            break
        parts.insert(0, earlier)
    return " ".join(parts)
