"""Build samples for ranking: a question, a passage that answers it, and ones that only look so.

Three kinds of source give them: SQuAD-form files, folders with questions and judgements, and bare
texts whose sentences are turned into questions (`cloze`). The passages that do not answer are those
that BM25 finds, and an encoder where one is given, as the service's own search does.
"""

import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import bm25s
import numpy as np
import rjieba

from generation.prompt import Language
from training.data.cloze import cloze_question
from training.data.grounded_qa import ChunkIndex, read_squad

Form = Literal["squad", "judged", "texts"]
NEGATIVES = 8
"""Passages kept for each question beside the right one; a trainer draws from them."""

_CHUNK_TOKENS = 220
_LONGEST_TEXT = 420  # code points of a passage of the other forms
_MOST_CLAUSE = 80
_SKIPPED = {"squad": 0, "judged": 2, "texts": 0}
"""Of what is found first, so many are left out: judgements are never complete."""

Neighbours = Callable[[Sequence[str], Sequence[str], int], Sequence[Sequence[int]]]
"""From passages, questions and k the numbers of the k nearest passages of each question."""


@dataclass(frozen=True, slots=True)
class RankingSource:
    """What to take from where below the data folder.

    file: by form a SQuAD-form file, a folder with `queries.jsonl` and `qrels.tsv` (its
    `corpus.jsonl` may lie one level up), or a JSONL file with `text`. skip: so many questions are
    left out from the first, for measuring. hold_out: see `read_squad`. passes: how often each
    question is used, with other passages each time.
    """

    file: str
    form: Form
    language: Language
    count: int
    skip: int = 0
    hold_out: int = 0
    passes: int = 1


@dataclass(frozen=True, slots=True)
class Ranking:
    """A question, the passage that answers it, and some that do not, hardest first.

    Passages carry their title line, as the service shows them.
    """

    question: str
    right: str
    wrong: tuple[str, ...]


def build_rankings(
    path: Path, source: RankingSource, *, seed: int, neighbours: Neighbours | None = None
) -> Iterator[Ranking]:
    """Yield up to `source.count` samples, in a seeded random order."""
    rng = random.Random(seed)
    match source.form:
        case "squad":
            yield from _of_squad(path, source, rng)
        case "judged":
            yield from _of_judgements(path, source, rng, neighbours)
        case "texts":
            yield from _of_texts(path, source, rng)


def _of_squad(path: Path, source: RankingSource, rng: random.Random) -> Iterator[Ranking]:
    paragraphs, questions = read_squad(path, source.hold_out)
    index = ChunkIndex(paragraphs, source.language, _CHUNK_TOKENS)
    rng.shuffle(questions)
    shown = [_titled(passage.title, passage.text) for _, passage in index.chunks]
    for question in [one for one in questions if one.answers][: source.count]:
        place = index.locate(question)
        if place is None:
            continue
        others = index.lacking(question, index.ranking(question.text, 3 * NEGATIVES))
        wrong = tuple(shown[number] for number in others[:NEGATIVES])
        yield Ranking(question.text, shown[place[0]], wrong)


def _of_judgements(
    folder: Path, source: RankingSource, rng: random.Random, neighbours: Neighbours | None
) -> Iterator[Ranking]:
    corpus = folder if (folder / "corpus.jsonl").exists() else folder.parent
    documents = list(_lines(corpus / "corpus.jsonl"))
    number_of = {one["id"]: number for number, one in enumerate(documents)}
    passages = [_titled(one.get("title", ""), one["text"]) for one in documents]
    relevant: dict[str, list[int]] = {}
    for line in (folder / "qrels.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        asked, document, grade = line.split("\t")
        if int(grade) > 0:
            relevant.setdefault(asked, []).append(number_of[document])
    questions = [one for one in _lines(folder / "queries.jsonl") if one["id"] in relevant]
    questions = questions[source.skip :]
    rng.shuffle(questions)
    questions = questions[: source.count]
    texts = [one["text"] for one in questions]
    found = _nearest(passages, texts, source.language)
    if neighbours is not None:
        near = neighbours(passages, texts, 6 * NEGATIVES)
        found = [_alternating(a, b) for a, b in zip(near, found, strict=True)]
    for _ in range(source.passes):
        for one, ranked in zip(questions, found, strict=True):
            right = relevant[one["id"]]
            wrong = [number for number in ranked if number not in right][_SKIPPED["judged"] :]
            drawn = sorted(rng.sample(range(len(wrong)), min(NEGATIVES, len(wrong))))
            chosen = tuple(passages[wrong[at]] for at in drawn)
            yield Ranking(one["text"], passages[rng.choice(right)], chosen)


def _of_texts(path: Path, source: RankingSource, rng: random.Random) -> Iterator[Ranking]:
    texts = [(one.get("title", ""), one["text"]) for one in _lines(path)]
    rng.shuffle(texts)
    asked: list[tuple[str, int]] = []
    passages: list[str] = []
    for title, text in texts:
        made = cloze_question(text, rng)
        if made is None:
            continue
        question, at = made
        start = max(
            0, min(at - rng.randrange(_LONGEST_TEXT - _MOST_CLAUSE), len(text) - _LONGEST_TEXT)
        )
        asked.append((question, len(passages)))
        passages.append(_titled(title, text[start : start + _LONGEST_TEXT]))
        if len(asked) == source.count:
            break
    found = _nearest(passages, [question for question, _ in asked], source.language)
    for (question, right), ranked in zip(asked, found, strict=True):
        wrong = [number for number in ranked if number != right][:NEGATIVES]
        yield Ranking(question, passages[right], tuple(passages[number] for number in wrong))


def _nearest(
    passages: Sequence[str], questions: Sequence[str], language: Language
) -> list[list[int]]:
    """Return for each question the numbers of the best passages by BM25, best first."""
    index = bm25s.BM25()
    index.index([_terms(text, language) for text in passages], show_progress=False)
    count = min(6 * NEGATIVES, len(passages))
    return [
        [int(n) for n in np.argsort(-index.get_scores(_terms(one, language)))[:count]]
        for one in questions
    ]


def _alternating(first: Sequence[int], second: Sequence[int]) -> list[int]:
    pairs = zip(first, second, strict=False)
    return list(dict.fromkeys(number for pair in pairs for number in pair))


def _terms(text: str, language: Language) -> list[str]:
    return rjieba.cut(text) if language == "zh" else text.lower().split()


def _titled(title: str, text: str) -> str:
    return f"{title.strip()}\n{text}" if title.strip() else text


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)
