"""Build grounded question-answering samples from SQuAD-form files.

A sample is a question, one to three passages, and a target: the answer as the source words it, or
the refusal sentence when no passage holds it. Distractors are what BM25 finds for the question
among the other passages of the same file, so that refusals are hard: on topic, without the fact.
"""

import json
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bm25s
import numpy as np
import rjieba

from generation.prompt import REFUSALS, Language, PromptPassage, answer_prompt


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One context of a SQuAD-form file."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Question:
    """A question, the paragraph it was written for, and where its answer starts (None: none)."""

    text: str
    paragraph: int
    answers: tuple[str, ...]
    start: int | None


@dataclass(frozen=True, slots=True)
class Sample:
    """What the model is trained on: the full prompt and the exact text it should give."""

    prompt: str
    response: str
    answerable: bool


@dataclass(frozen=True, slots=True)
class Mixture:
    """Shares that shape the samples; `piece` bounds a passage's length in characters."""

    unanswerable: float = 0.35
    passage_counts: tuple[float, float, float] = (0.35, 0.40, 0.25)
    piece: tuple[int, int] = (100, 270)


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of whole sentences of one paragraph: what the service would show as a passage."""

    paragraph: int
    start: int
    text: str


def read_squad(path: Path, hold_out: int = 0) -> tuple[list[Paragraph], list[Question]]:
    """Read a SQuAD v1 or v2 file. Raises KeyError or JSONDecodeError on another form.

    hold_out: leave out every n-th article (0: none), for measuring on what was not trained on.
    """
    paragraphs: list[Paragraph] = []
    questions: list[Question] = []
    articles = json.loads(path.read_text(encoding="utf-8"))["data"]
    for count, article in enumerate(articles, start=1):
        if hold_out and count % hold_out == 0:
            continue
        for entry in article["paragraphs"]:
            number = len(paragraphs)
            paragraphs.append(Paragraph(str(article.get("title", "")), entry["context"]))
            questions.extend(_question(item, number) for item in entry["qas"])
    return paragraphs, questions


def _question(item: dict[str, Any], paragraph: int) -> Question:
    answers = [] if item.get("is_impossible") else item["answers"]
    if not answers:
        return Question(item["question"], paragraph, (), None)
    shortest = min(answers, key=lambda answer: len(answer["text"]))
    texts = tuple(answer["text"] for answer in answers)
    return Question(
        item["question"],
        paragraph,
        (shortest["text"], *(text for text in texts if text != shortest["text"])),
        int(shortest["answer_start"]),
    )


_SENTENCE = re.compile(r".+?(?:[。！？；!?]+[」』”’）)]*|(?<=[a-z\])0-9])\.(?=\s)|$)\s*", re.DOTALL)


def cut_pieces(text: str, paragraph: int, size: tuple[int, int], rng: random.Random) -> list[Piece]:
    """Cut a paragraph into consecutive runs of sentences, each about as long as `size` allows."""
    pieces: list[Piece] = []
    start = end = 0
    goal = rng.randint(*size)
    for match in _SENTENCE.finditer(text):
        end = match.end()
        if end - start >= goal:
            pieces.append(Piece(paragraph, start, text[start:end]))
            start, goal = end, rng.randint(*size)
    if end > start:
        pieces.append(Piece(paragraph, start, text[start:end]))
    return pieces


class PieceIndex:
    """BM25 over the pieces of one file."""

    def __init__(
        self, paragraphs: Sequence[Paragraph], language: Language, mixture: Mixture, seed: int
    ) -> None:
        rng = random.Random(seed)
        scale = 1 if language == "zh" else 3
        size = (mixture.piece[0] * scale, mixture.piece[1] * scale)
        self.language = language
        self.paragraphs = paragraphs
        self.pieces = [
            piece
            for number, paragraph in enumerate(paragraphs)
            for piece in cut_pieces(paragraph.text, number, size, rng)
        ]
        titled = (f"{paragraphs[p.paragraph].title} {p.text}" for p in self.pieces)
        self._bm25 = bm25s.BM25()
        self._bm25.index([_terms(text, language) for text in titled], show_progress=False)

    def holding(self, question: Question) -> Piece | None:
        """Return the piece that holds the whole answer, or None if a cut goes through it."""
        if question.start is None:
            return None
        end = question.start + len(question.answers[0])
        for piece in self.pieces:
            inside = piece.start <= question.start and end <= piece.start + len(piece.text)
            if piece.paragraph == question.paragraph and inside:
                return piece
        return None

    def distractors(self, question: Question, count: int) -> list[Piece]:
        """Return the best pieces for the question that do not hold any of its answers.

        Pieces of its own paragraph count too where the question has a known answer elsewhere.
        """
        scores = self._bm25.get_scores(_terms(question.text, self.language))
        found: list[Piece] = []
        for number in np.argsort(scores)[::-1][: 4 * count + 8]:
            piece = self.pieces[number]
            if not any(answer in piece.text for answer in question.answers):
                found.append(piece)
        return found[:count]

    def passage(self, piece: Piece) -> PromptPassage:
        """Render a piece the way the service shows it."""
        return PromptPassage(self.paragraphs[piece.paragraph].title, piece.text.strip())


def build_samples(
    path: Path,
    language: Language,
    count: int,
    *,
    seed: int,
    mixture: Mixture | None = None,
    hold_out: int = 0,
) -> Iterator[Sample]:
    """Yield up to `count` samples of a SQuAD-form file, in a seeded random order.

    hold_out: every n-th article gives none, see `read_squad`.
    """
    mixture = mixture or Mixture()
    rng = random.Random(seed)
    paragraphs, questions = read_squad(path, hold_out)
    index = PieceIndex(paragraphs, language, mixture, seed)
    rng.shuffle(questions)
    for question in questions[:count]:
        sample = _build(question, index, rng, mixture)
        if sample is not None:
            yield sample


def _terms(text: str, language: Language) -> list[str]:
    return rjieba.cut(text) if language == "zh" else text.lower().split()


def _build(
    question: Question, index: PieceIndex, rng: random.Random, mixture: Mixture
) -> Sample | None:
    wanted = rng.choices((1, 2, 3), mixture.passage_counts)[0]
    gold = index.holding(question)
    answerable = gold is not None and rng.random() >= mixture.unanswerable
    chosen = [gold] if gold is not None and answerable else []
    skip = rng.choice((0, 0, 1)) if answerable else 0
    candidates = index.distractors(question, wanted + skip)[skip:]
    chosen += candidates[: wanted - len(chosen)]
    if not chosen:
        return None
    rng.shuffle(chosen)
    passages = [index.passage(piece) for piece in chosen]
    response = question.answers[0] if answerable else REFUSALS[index.language]
    return Sample(answer_prompt(question.text, passages, index.language), response, answerable)
