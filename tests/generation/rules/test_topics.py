from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from generation.prompt import Language
from generation.rules.records import Action, RuleHead, Severity, TopicRule
from generation.rules.topics import TopicFinder


class ByFirstLetter:
    """Puts texts that begin alike in one place."""

    dimension = 26

    def __init__(self) -> None:
        self.asked: list[str] = []

    def embed_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.asked += texts
        rows = np.full((len(texts), 26), 0.05, np.float32)
        for row, text in zip(rows, texts, strict=True):
            row[ord(text[0]) - ord("a")] = 1
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        return rows


class Broken(ByFirstLetter):
    def __init__(self, rows: NDArray[np.float32]) -> None:
        super().__init__()
        self.rows = rows

    def embed_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return self.rows


def topic(letter: str, *, cue: str = "", threshold: float = 0.3, low: float = 0.3) -> TopicRule:
    reasons: dict[Language, str] = {"zh": "原因", "en": "reason"}
    head = RuleHead(letter, 1, frozenset(), frozenset(), Severity.HIGH, Action.BLOCK, reasons, True)
    examples = tuple(f"{letter} {number}" for number in range(4))
    return TopicRule(head, examples, (), (cue,) if cue else (), threshold, low)


NEUTRAL = [f"{letter} neutral" for letter in "xyzw"]


def nearest(text: str, *topics: TopicRule) -> int:
    scores = TopicFinder(topics, NEUTRAL, ByFirstLetter()).score([text])[0]
    return max(scores, key=lambda score: score.margin).topic


def hits(text: str, *topics: TopicRule) -> list[int]:
    scores = TopicFinder(topics, NEUTRAL, ByFirstLetter()).score([text])[0]
    return [score.topic for score in scores if score.hit]


def test_score_of_text_like_the_examples_is_highest_for_their_topic() -> None:
    assert nearest("b something else", topic("a"), topic("b")) == 1
    assert nearest("a something else", topic("a"), topic("b")) == 0
    assert 1 in hits("b something else", topic("a"), topic("b"))


@pytest.mark.parametrize("text", ["x and more", "q unlike everything"])
def test_score_of_other_text_hits_nothing(text: str) -> None:
    assert hits(text, topic("a"), topic("b")) == []


def test_score_with_cue_uses_its_own_threshold() -> None:
    strict = topic("a", cue="gold", threshold=2.0, low=0.3)
    assert hits("a day", strict) == []
    assert hits("a Go1d day", strict) == []  # cues are read plainly
    assert hits("a GOLD day", strict) == [0]


def test_finder_with_known_vectors_embeds_nothing_again() -> None:
    known: dict[str, NDArray[np.float32]] = {}
    first, second = ByFirstLetter(), ByFirstLetter()
    TopicFinder([topic("a")], NEUTRAL, first, known)
    TopicFinder([topic("a")], NEUTRAL, second, known)
    assert (len(first.asked), second.asked) == (8, [])


@pytest.mark.parametrize(
    "rows",
    [
        np.zeros((1, 26), np.float32),
        np.zeros((8, 3), np.float32),
        np.full((8, 26), np.nan, np.float32),
        np.full((8, 26), np.inf, np.float32),
    ],
)
def test_finder_with_wrong_vectors_raises(rows: NDArray[np.float32]) -> None:
    with pytest.raises(ValueError, match="vector"):
        TopicFinder([topic("a")], NEUTRAL, Broken(rows))


def test_score_with_vectors_gone_wrong_raises_instead_of_passing() -> None:
    embedder = Broken(ByFirstLetter().embed_queries([*NEUTRAL, *topic("a").examples]))
    finder = TopicFinder([topic("a")], NEUTRAL, embedder)
    embedder.rows = np.full((1, 26), np.nan, np.float32)
    with pytest.raises(ValueError, match="not finite"):
        finder.score(["a day"])


def test_score_of_an_aside_counts_no_cue() -> None:
    strict = topic("a", cue="gold", threshold=2.0, low=0.3)
    finder = TopicFinder([strict], NEUTRAL, ByFirstLetter(), asides=("said",))
    told, spoken = finder.score(["a gold day, he said", "a gold day"])
    assert [score.hit for score in (*told, *spoken)] == [False, True]
