"""Turn a follow-up into a question that can be searched for on its own."""

import re

_REFERS_BACK = re.compile(
    r"[它他她其此该這这那]|上述|前者|后者|还有|那么|为什么呢|呢[？?]?$"
    r"|\b(?:it|its|they|them|their|he|she|his|her|this|that|these|those|there)\b"
    r"|^(?:and|what about|how about|why)\b",
    re.IGNORECASE,
)
_SHORT = 10


def standalone_question(question: str, earlier_questions: list[str]) -> str:
    """Return the question, with the one before it in front if it refers back or is very short.

    earlier_questions: the user's own, oldest first. A topic of its own is searched for alone.
    """
    if not earlier_questions:
        return question
    refers = _REFERS_BACK.search(question) is not None
    return f"{earlier_questions[-1]} {question}" if refers or len(question) < _SHORT else question
