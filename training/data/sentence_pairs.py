"""Build pairs for next-sentence prediction: text that goes on, text from elsewhere.

A pair is what stands on either side of a boundary between two sentences, cut into sentences by the
service itself. Its second half either follows the first, or comes from elsewhere in the same
document, or from another document of the same source, so that style alone tells nothing.
"""

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ingestion.builder import DraftBlock, build_document
from ingestion.errors import EmptyDocument
from ingestion.parsers.markdown import parse_markdown
from ingestion.records import BlockKind, Document
from ingestion.sections import split_sections
from ingestion.sentences import split_sentences
from training.data.grounded_qa import read_squad

Form = Literal["squad", "jsonl", "markdown"]
Kind = Literal["adjacent", "same_document", "other_document"]
_KINDS: tuple[Kind, ...] = ("adjacent", "same_document", "other_document")
_SHARES = (0.45, 0.33, 0.22)
_FAR = 4
"""Sentences between two halves of a pair, at least, to be from elsewhere in a document."""
_PASSES = 3  # times a boundary is used, most often in pairs of another kind
_SHORTEST = 8  # characters of a half: less says nothing of what it is about
_PROSE = (BlockKind.PARAGRAPH, BlockKind.LIST_ITEM)


@dataclass(frozen=True, slots=True)
class TextSource:
    """Texts below the data folder, and how many pairs to take from them.

    file: a SQuAD-form file, a JSONL file with `text`, or a folder of Markdown.
    """

    file: str
    form: Form
    count: int


@dataclass(frozen=True, slots=True)
class SentencePair:
    """The text before a boundary, and what does or does not follow it."""

    first: str
    second: str
    kind: Kind

    @property
    def follows(self) -> bool:
        """Return whether the second is what comes after the first."""
        return self.kind == "adjacent"


Sections = list[list[str]]  # a document: the sentences of each section, in order


def build_pairs(
    path: Path, source: TextSource, *, seed: int, unseen: frozenset[str] = frozenset()
) -> Iterator[SentencePair]:
    """Yield up to `source.count` pairs, in a seeded random order.

    unseen: beginnings of sentences; documents with any of them are left out, for measuring on them.
    """
    rng = random.Random(seed)
    documents = [
        document
        for document in _documents(path, source.form)
        if _length(document) > 1 and not _shares(document, unseen)
    ]
    wanted = source.count
    rng.shuffle(documents)
    places = [
        (number, section, at)
        for number, document in enumerate(documents)
        for section, sentences in enumerate(document)
        for at in range(1, len(sentences))
    ]
    rng.shuffle(places)
    for place in places * _PASSES:
        if wanted == 0:
            return
        pair = _pair(documents, place, rng)
        if pair is not None:
            wanted -= 1
            yield pair


def beginning(text: str) -> str:
    """Return what a sentence is recognised by in another cutting of the same text."""
    return "".join(text.split())[:24]


def read_unseen(paths: Sequence[Path]) -> frozenset[str]:
    """Return the beginnings of all sentences in files and folders, for `build_pairs`.

    A line of a `.jsonl` file counts by its texts, of any other file by itself.
    """
    files = [file for path in paths for file in ([path] if path.is_file() else path.rglob("*"))]
    texts: list[str] = []
    for file in sorted(file for file in files if file.is_file()):
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
        if file.suffix == ".jsonl":
            entries = [json.loads(line) for line in lines]
            lines = [value for one in entries for value in one.values() if isinstance(value, str)]
        texts += lines
    sentences = (one for section in map(_of_line, texts) for one in section)
    return frozenset(beginning(one) for one in sentences if len(one) >= _SHORTEST)


def _of_line(text: str) -> list[str]:
    return [sentence for section in _of_paragraphs([text]) for sentence in section]


def _shares(document: Sections, unseen: frozenset[str]) -> bool:
    return any(beginning(one) in unseen for section in document for one in section)


def _pair(
    documents: Sequence[Sections], place: tuple[int, int, int], rng: random.Random
) -> SentencePair | None:
    number, section, at = place
    sentences = documents[number][section]
    kind = rng.choices(_KINDS, _SHARES)[0]
    first = _joined(sentences[max(0, at - rng.choice((1, 2, 2))) : at])
    if kind == "adjacent":
        found: tuple[list[str], int] | None = (sentences, at)
    elif kind == "same_document":
        found = _elsewhere(documents[number], section, at, rng)
    else:
        other = rng.randrange(len(documents) - 1)
        # Skips the document itself.
        document = documents[other + (other >= number)]
        chosen = rng.choice([sentences for sentences in document if sentences])
        found = (chosen, rng.randrange(len(chosen)))
    if found is None:
        return None
    there, start = found
    second = _joined(there[start : start + rng.choice((1, 2, 2))])
    if min(len(first), len(second)) < _SHORTEST:
        return None
    return SentencePair(first, second, kind)


def _elsewhere(
    document: Sections, section: int, at: int, rng: random.Random
) -> tuple[list[str], int] | None:
    """Return a sentence of the document that is far from the boundary, None in a short one."""
    far = [
        (sentences, start)
        for number, sentences in enumerate(document)
        for start in range(len(sentences))
        if number != section or abs(start - at) >= _FAR
    ]
    # The next section's first sentence may well go on where this one ended.
    if at == len(document[section]) and section + 1 < len(document):
        far = [one for one in far if one != (document[section + 1], 0)]
    return rng.choice(far) if far else None


def _joined(sentences: Sequence[str]) -> str:
    latin = any(sentence[-1:].isascii() for sentence in sentences)
    return (" " if latin else "").join(sentences)


def _length(document: Sections) -> int:
    return sum(map(len, document))


def _documents(path: Path, form: Form) -> Iterator[Sections]:
    if form == "markdown":
        for file in sorted(path.rglob("*.md")):
            try:
                yield _sections(parse_markdown(file.read_bytes(), file.name))
            except EmptyDocument:
                continue
    elif form == "jsonl":
        for line in path.read_text(encoding="utf-8").splitlines():
            yield _of_paragraphs(json.loads(line)["text"].split("\n"))
    else:
        articles: dict[str, list[str]] = {}
        for paragraph in read_squad(path)[0]:
            articles.setdefault(paragraph.title, []).append(paragraph.text)
        for number, paragraphs in enumerate(articles.values()):
            # Files without titles hold one paragraph an article.
            together = [paragraphs] if number or len(articles) > 1 else [[p] for p in paragraphs]
            for texts in together:
                sections = [_of_paragraphs([text]) for text in texts]
                yield [sentences for section in sections for sentences in section]


def _of_paragraphs(texts: Sequence[str]) -> Sections:
    drafts = [DraftBlock(BlockKind.PARAGRAPH, text) for text in texts]
    try:
        return _sections(build_document(drafts, name="text", media_type="text/plain"))
    except EmptyDocument:
        return []


def _sections(document: Document) -> Sections:
    """Return the sentences of prose, section by section."""
    found = []
    for section in split_sections(document):
        prose = [block for block in section.blocks if block.kind in _PROSE]
        spans = [(block.start, block.end) for block in prose]
        sentences = [
            document.text[sentence.start : sentence.end]
            for sentence in split_sentences(document, section)
            if any(start <= sentence.start < end for start, end in spans)
        ]
        if sentences:
            found.append(sentences)
    return found
