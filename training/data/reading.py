"""Build samples for the reader: a question, two passages, and where in them its answer stands."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from generation.prompt import Language
from training.data.grounded_qa import ChunkIndex, Question, balance, read_squad

PASSAGES = 2
_CHUNK_TOKENS = 220  # half of what the service shows: twice as many questions in the same time
_HARD = 4  # a distractor is one of so many best
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
    hold_out: int = 0,
) -> Iterator[Reading]:
    """Yield up to `count` samples of a SQuAD-form file, in a seeded random order.

    The distractor is one of BM25's best chunks that lack the answer, often of the same article.
    unanswerable: share of samples that show distractors only. hold_out: see `read_squad`.
    """
    rng = random.Random(seed)
    paragraphs, questions = read_squad(path, hold_out)
    index = ChunkIndex(paragraphs, language, _CHUNK_TOKENS)
    rng.shuffle(questions)
    kept, share = balance(questions, unanswerable)
    for question in kept[:count]:
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


def _shown(index: ChunkIndex, chosen: list[int], rng: random.Random) -> list[tuple[str, str]]:
    """Return the title line (or nothing) and the text of each chunk."""
    titled = rng.random() >= _UNTITLED
    passages = [index.chunks[number][1] for number in chosen]
    return [(passage.title_line if titled else "", passage.text) for passage in passages]
