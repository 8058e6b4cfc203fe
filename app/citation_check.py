"""Prove a citation against the stored text, or say why it does not hold."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from ingestion.store.stored import StoredDocument

Finding = Literal[
    "quote_matches", "document_unknown", "revision_unknown", "span_out_of_range", "quote_differs"
]


class StoredTexts(Protocol):
    """Where the text of a revision comes from."""

    def document(self, document_id: str) -> StoredDocument | None:
        """Return a searchable document."""
        ...

    def text(self, document_id: str, revision: str) -> str | None:
        """Return the text that spans of a revision point into, None when it is not stored."""
        ...


@dataclass(frozen=True, slots=True)
class Claim:
    """A quote and where it is said to stand: code points, half-open."""

    document_id: str
    revision: str
    start: int
    end: int
    quote: str


def check_claims(claims: Sequence[Claim], texts: StoredTexts) -> list[Finding]:
    """Return one finding per claim, in order. Each text is read once, one is held at a time."""
    findings: dict[int, Finding] = {}
    by_text: dict[tuple[str, str], list[int]] = {}
    for position, claim in enumerate(claims):
        by_text.setdefault((claim.document_id, claim.revision), []).append(position)
    for (document_id, revision), positions in by_text.items():
        text = texts.text(document_id, revision)
        for position in positions:
            if text is not None:
                findings[position] = check_quote(claims[position], text)
            elif texts.document(document_id) is None:
                findings[position] = "document_unknown"
            else:
                findings[position] = "revision_unknown"
    return [findings[position] for position in range(len(claims))]


def check_quote(claim: Claim, text: str) -> Finding:
    """Compare a claim with the text of its revision. An empty span proves nothing."""
    if not 0 <= claim.start < claim.end <= len(text):
        return "span_out_of_range"
    return "quote_matches" if text[claim.start : claim.end] == claim.quote else "quote_differs"
