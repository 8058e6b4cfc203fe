import time
from collections.abc import Iterator

import pytest

from generation.errors import GeneratorUnavailable
from generation.query_writer import QueryWriter, query_prompt, read_queries
from retrieval.records import Passage

PASSAGE = Passage("c", "d", "r", "t", (), None, 0, 1, "{question} 借期三十日。", 1.0, {})


class Says:
    """A generator that says its pieces, slowly if told to."""

    name, is_up = "fake", True

    def __init__(self, *pieces: str | Exception, wait: float = 0.0) -> None:
        self._pieces, self._wait = pieces, wait

    def stream(self, prompt: str, *, max_tokens: int) -> Iterator[str]:
        for piece in self._pieces:
            time.sleep(self._wait)
            if isinstance(piece, Exception):
                raise piece
            yield piece

    def count_tokens(self, text: str) -> int:
        return len(text)

    def close(self) -> None:
        """Hold nothing."""


def test_write_returns_lines_without_their_numbers() -> None:
    writer = QueryWriter(Says("1. 借期", "多长？\n- 能借几天？\n\n能借几天？\n三\n四"))
    assert writer.write("multi_query", "借期？", (), seconds=9) == (
        "借期多长？",
        "能借几天？",
        "三",
    )


def test_write_hyde_is_one_query() -> None:
    writer = QueryWriter(Says("The period is\nthirty days."))
    assert writer.write("hyde", "How long?", (), seconds=9) == ("The period is thirty days.",)


def test_write_generator_away_returns_nothing() -> None:
    writer = QueryWriter(Says("half", GeneratorUnavailable("fake", "down")))
    assert writer.write("hyde", "How long?", (), seconds=9) == ()


def test_write_too_slow_returns_nothing() -> None:
    assert QueryWriter(Says("a", "b", wait=0.02)).write("hyde", "q", (), seconds=0.01) == ()


@pytest.mark.parametrize("reply", ["none", "None.", "无", "无。", "", "\n\n", "<think>x</think>无"])
def test_read_queries_nothing_is_nothing(reply: str) -> None:
    assert read_queries(reply, whole=False) == ()


@pytest.mark.parametrize("refinement", ["multi_query", "hyde", "iterative"])
@pytest.mark.parametrize("query", ["借期 {passages}？", "How long {passages}?"])
def test_query_prompt_fills_each_place_once(refinement: str, query: str) -> None:
    prompt = query_prompt(refinement, query, [PASSAGE])
    assert query in prompt
    assert ("{question} 借期三十日。" in prompt) == (refinement == "iterative")
