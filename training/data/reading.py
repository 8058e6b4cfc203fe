"""Build samples for the reader: a question, two passages, and where in them its answer stands.

Some have no answer although a passage looks like it: another year or name is asked for, the
sentence with the answer is missing, or, in SQuAD 2.0, people wrote the question so.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from generation.prompt import Language
from retrieval.near_misses import Names, altered, without_answer
from training.data.grounded_qa import ChunkIndex, Question, balance, read_squad

PASSAGES = 2
_CHUNK_TOKENS = 220  # half of what the service shows: twice as many questions in the same time
_HARD = 4  # a distractor is one of so many best
_ALTERED = 0.65  # share of near misses that change the question, where both ways are open
_UNTITLED = 0.2  # share of samples shown without titles: not every document has a good one


@dataclass(frozen=True, slots=True)
class Reading:
    """A question with its passages, each below its title line as the service shows it.

    span: (passage, start, end) in code points; None: no answer.
    """

    question: str
    passages: tuple[str, ...]
    span: tuple[int, int, int] | None


def build_readings(
    path: Path,
    language: Language,
    count: int,
    *,
    seed: int,
    unanswerable: float = 0.2,
    near_misses: float = 0.0,
    hold_out: int = 0,
) -> Iterator[Reading]:
    """Yield up to `count` samples of a SQuAD-form file, in a seeded random order.

    The distractor is one of BM25's best chunks that lack the answer, often of the same article.
    unanswerable: share of samples that show distractors only. near_misses: share of answerable
    questions that are altered, or lose their sentence, so that no answer is left; with any, a
    question without an answer is always shown with the paragraph it was written for. hold_out: see
    `read_squad`.
    """
    rng = random.Random(seed)
    paragraphs, questions = read_squad(path, hold_out)
    index = ChunkIndex(paragraphs, language, _CHUNK_TOKENS)
    names = Names((one.text for one in questions), {one.title for one in paragraphs}, language)
    rng.shuffle(questions)
    kept, share = balance(questions, unanswerable)
    for question in kept[:count]:
        if near_misses and (not question.answers or rng.random() < near_misses):
            reading = _build_near_miss(question, index, names, rng)
        else:
            reading = _build(question, index, rng, share)
        if reading is not None:
            yield reading


def _build(
    question: Question, index: ChunkIndex, rng: random.Random, refused: float
) -> Reading | None:
    place = index.locate(question) if question.answers else None
    if question.answers and place is None:
        return None
    others = index.lacking(question, index.ranking(question.text, 4 * _HARD))[:_HARD]
    if len(others) < PASSAGES:
        return None
    if place is None or rng.random() < refused:
        chosen = rng.sample(others, PASSAGES)
        return Reading(question.text, tuple(map("".join, _shown(index, chosen, rng))), None)
    gold, start = place
    chosen = [gold, *rng.sample(others, PASSAGES - 1)]
    rng.shuffle(chosen)
    shown = _shown(index, chosen, rng)
    number = chosen.index(gold)
    start += len(shown[number][0])
    span = (number, start, start + len(question.answers[0]))
    return Reading(question.text, tuple(map("".join, shown)), span)


def _build_near_miss(
    question: Question, index: ChunkIndex, names: Names, rng: random.Random
) -> Reading | None:
    """Return a sample that seems to have an answer, None where none can be made of the question."""
    others = index.lacking(question, index.ranking(question.text, 4 * _HARD))
    if not question.answers:
        own = [number for number in others if index.chunks[number][0] == question.paragraph]
        rest = [number for number in others[:_HARD] if number not in own[:1]]
        if not own or not rest:
            return None
        return _without(question.text, index, [own[0], rng.choice(rest)], rng)
    place = index.locate(question)
    if place is None or not others:
        return None
    chosen = [place[0], rng.choice(others[:_HARD])]
    passage, beside = (index.chunks[number][1] for number in chosen)
    cut = without_answer(passage.text, question.answers, index.language)
    asked = altered(
        question.text,
        f"{passage.title}\n{passage.text}",
        f"{beside.title}\n{beside.text}",
        names,
        rng,
    )
    if asked is not None and (cut is None or rng.random() < _ALTERED):
        return _without(asked, index, chosen, rng)
    return _without(question.text, index, chosen, rng, cut) if cut is not None else None


def _without(
    asked: str, index: ChunkIndex, chosen: list[int], rng: random.Random, first: str | None = None
) -> Reading:
    """Return a sample without an answer; first: what is left of the first chunk, if not all."""
    shown = _shown(index, chosen, rng)
    if first is not None:
        shown[0] = (shown[0][0], first)
    rng.shuffle(shown)
    return Reading(asked, tuple(map("".join, shown)), None)


def _shown(index: ChunkIndex, chosen: list[int], rng: random.Random) -> list[tuple[str, str]]:
    """Return the title line (or nothing) and the text of each chunk."""
    titled = rng.random() >= _UNTITLED
    passages = [index.chunks[number][1] for number in chosen]
    return [(passage.title_line if titled else "", passage.text) for passage in passages]
