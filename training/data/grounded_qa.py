"""Build grounded question-answering samples from SQuAD-form files.

A sample is a question, the passages that the service would show for it, and a target: the answer as
the source words it, or the refusal sentence when no passage holds it. Documents are cut by the
service's own chunker and fitted into the prompt by its own context builder. Distractors are what
BM25 finds for the question in the same file, so that refusals are hard: on topic, without the fact.
"""

import html
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

from generation.context import build_context
from generation.prompt import REFUSALS, Language, answer_prompt
from ingestion.chunks import pack_chunks
from ingestion.parse import parse
from ingestion.sections import split_sections
from ingestion.sentences import split_sentences
from models.chat_form import estimate_tokens
from retrieval.records import Passage

_CHUNK_TOKENS = 400  # by `estimate_tokens`: as much text as 256 tokens of the encoder


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
    """Shares that shape the samples.

    unanswerable: of samples whose target is the refusal. left_out: of those, the share
    whose whole paragraph is missing, not only the passages with the answer. passages: weights of
    one, two, three. budget: least and most tokens of the passages together.
    """

    unanswerable: float = 0.25
    left_out: float = 0.6
    passages: tuple[float, float, float] = (0.2, 0.4, 0.4)
    budget: tuple[int, int] = (200, 480)


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


class ChunkIndex:
    """BM25 over the chunks of one file's paragraphs, each paragraph taken as a document."""

    def __init__(
        self,
        paragraphs: Sequence[Paragraph],
        language: Language,
        chunk_tokens: int = _CHUNK_TOKENS,
    ) -> None:
        """chunk_tokens: most tokens of a chunk, by `estimate_tokens`."""
        self.language = language
        self._paragraphs = paragraphs
        self.chunks: list[tuple[int, Passage]] = [
            (number, passage)
            for number, paragraph in enumerate(paragraphs)
            for passage in _passages(paragraph, number, chunk_tokens)
        ]
        titled = (f"{passage.title} {passage.text}" for _, passage in self.chunks)
        self._bm25 = bm25s.BM25()
        self._bm25.index([_terms(text, language) for text in titled], show_progress=False)

    def ranking(self, question: str, count: int) -> list[int]:
        """Return the numbers of the `count` best chunks, best first."""
        scores = self._bm25.get_scores(_terms(question, self.language))
        return [int(number) for number in np.argsort(scores)[::-1][:count]]

    def locate(self, question: Question) -> tuple[int, int] | None:
        """Return the chunk in which the answer stands and where; None: a cut tears it apart."""
        answer = question.answers[0]
        # A short answer often stands several times in a paragraph: only one place is the answer.
        earlier = self._paragraphs[question.paragraph].text.count(answer, 0, question.start)
        for number, (paragraph, passage) in enumerate(self.chunks):
            if paragraph != question.paragraph:
                continue
            for match in re.finditer(re.escape(answer), passage.text):
                if earlier == 0:
                    return number, match.start()
                earlier -= 1
        return None

    def lacking(self, question: Question, ranked: Sequence[int]) -> list[int]:
        """Return those of the chunks that no answer of the question stands in, in their order."""
        return [n for n in ranked if not _holds(self.chunks[n][1].text, question)]


def _passages(paragraph: Paragraph, number: int, chunk_tokens: int) -> list[Passage]:
    """Cut a paragraph the way the service cuts a document."""
    body = html.escape(paragraph.text)
    title = html.escape(paragraph.title)
    page = f'<meta charset="utf-8"><title>{title}</title><h1>{title}</h1><p>{body}</p>'
    document = parse(page.encode("utf-8", "replace"), f"{number}.html")
    sections = split_sections(document)
    sentences = [split_sentences(document, section) for section in sections]
    chunks = pack_chunks(document, sections, sentences, _count, limit=chunk_tokens)
    return [
        Passage(
            chunk_id=f"{number}-{chunk.ordinal}",
            document_id=str(number),
            revision="1",
            title=document.title,
            heading_path=chunk.heading_path,
            page=None,
            start=chunk.start,
            end=chunk.end,
            text=chunk.text,
            score=0.0,
            scores={},
        )
        for chunk in chunks
    ]


def _count(texts: Sequence[str]) -> list[int]:
    return [estimate_tokens(text) for text in texts]


def _holds(text: str, question: Question) -> bool:
    return any(answer in text for answer in question.answers)


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
    index = ChunkIndex(paragraphs, language)
    rng.shuffle(questions)
    kept, share = balance(questions, mixture.unanswerable)
    for question in kept[:count]:
        sample = _build(question, index, rng, mixture, share)
        if sample is not None:
            yield sample


def balance(questions: Sequence[Question], unanswerable: float) -> tuple[list[Question], float]:
    """Let questions that have no answer anywhere make up half of the refusals at most.

    Returns the questions to use and the share of the answerable ones to turn into refusals.
    """
    answered = sum(bool(question.answers) for question in questions)
    refusals = round(unanswerable * answered / max(1 - unanswerable, 0.01))
    room = refusals // 2
    kept: list[Question] = []
    for question in questions:
        room -= not question.answers
        if question.answers or room >= 0:
            kept.append(question)
    native = len(kept) - answered
    return kept, max(0.0, (unanswerable * len(kept) - native) / max(answered, 1))


def _terms(text: str, language: Language) -> list[str]:
    return rjieba.cut(text) if language == "zh" else text.lower().split()


def _build(
    question: Question, index: ChunkIndex, rng: random.Random, mixture: Mixture, refused: float
) -> Sample | None:
    """Return the sample, or None where the answer is torn by a cut or does not fit the budget."""
    wanted = rng.choices((1, 2, 3), mixture.passages)[0]
    budget = rng.randint(*mixture.budget)
    place = index.locate(question) if question.answers else None
    if question.answers and place is None:
        return None
    gold = place[0] if place else None
    answerable = gold is not None and rng.random() >= refused
    ranked = index.ranking(question.text, 4 * wanted + 12)
    if answerable and gold is not None:
        chosen = _with_gold(question, index, ranked, gold, wanted, rng)
    else:
        left_out = bool(question.answers) and rng.random() < mixture.left_out
        chosen = [
            number
            for number in index.lacking(question, ranked)
            if not (left_out and index.chunks[number][0] == question.paragraph)
        ][:wanted]
    if not chosen:
        return None
    context = build_context(
        question.text,
        [index.chunks[number][1] for number in chosen],
        budget_tokens=budget,
        count_tokens=estimate_tokens,
    )
    shown = [passage.prompt for passage in context]
    if answerable and not any(question.answers[0] in passage.text for passage in shown):
        return None
    response = question.answers[0] if answerable else REFUSALS[index.language]
    return Sample(answer_prompt(question.text, shown, index.language), response, answerable)


def _with_gold(
    question: Question,
    index: ChunkIndex,
    ranked: Sequence[int],
    gold: int,
    wanted: int,
    rng: random.Random,
) -> list[int]:
    """Return `wanted` chunks with the gold one where it ranks, or anywhere if it ranks lower."""
    others = index.lacking(question, ranked)
    place = ranked.index(gold) if gold in ranked else wanted
    if place >= wanted:
        place = rng.randrange(wanted)
    return [*others[:place], gold, *others[place:]][:wanted]
