"""Take out of a text what cannot be seen."""

import unicodedata

from generation.compliance import Candidate
from generation.records import Verdict


def strip_invisible(candidate: Candidate) -> Verdict:
    """Take out control, zero-width, direction and private characters; line breaks and tabs stay."""
    text = "".join(
        character
        for character in candidate.text
        if character in "\n\t" or unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co")
    )
    return Verdict(True, text, "" if text == candidate.text else "stripped_invisible")
