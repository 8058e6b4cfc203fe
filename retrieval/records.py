"""What passes between the stages of retrieval. `score`: higher is better; `rank` starts at 1."""

from collections.abc import Mapping
from dataclasses import dataclass

_LONGEST_TITLE = 120  # code points


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """A question to one collection. `document_ids` (None: all) limits where to look.

    narrowed: whether summaries narrow the search; without, only to measure what that does.
    """

    query: str
    collection: str
    top_k: int
    document_ids: frozenset[str] | None
    narrowed: bool = True


@dataclass(frozen=True, slots=True)
class Passage:
    """A hit mapped to the raw text of its chunk, with its score at every stage that saw it.

    `text` is `Document.text[start:end]` of that revision.
    """

    chunk_id: str
    document_id: str
    revision: str
    title: str
    heading_path: tuple[str, ...]
    page: int | None
    start: int
    end: int
    text: str
    score: float
    scores: Mapping[str, float]

    @property
    def title_line(self) -> str:
        """Return the line that a model sees above a passage: its title path, or nothing."""
        path = self.title_path
        return path[:_LONGEST_TITLE] + "\n" if path else ""

    @property
    def title_path(self) -> str:
        """Return the title and the headings, each once: "Labour Law > Chapter 2"."""
        parts = dict.fromkeys(part for part in (self.title, *self.heading_path) if part.strip())
        return " > ".join(parts)


@dataclass(frozen=True, slots=True)
class SearchResult:
    """Passages, best first, and how long each stage took in milliseconds.

    documents: how many searchable ones the collection holds; 0: it is empty or does not exist.
    """

    passages: tuple[Passage, ...]
    timings_ms: Mapping[str, float]
    documents: int
