from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from retrieval.records import Passage, SearchRequest, SearchResult
from retrieval.refine.refined_search import RefinedSearch, Refinement, merge

COMPOUND = "年假有几天？病假工资怎么算？"
SINGLE = "年假有几天？"


def passage(chunk: str) -> Passage:
    return Passage(chunk, "d", "r", "t", (), None, 0, 1, "x", 1.0, {"raw": 0.5})


@dataclass
class Plain:
    """Finds for each query the chunks it is told to."""

    found: dict[str, Sequence[str]]
    documents: int = 9
    asked: list[SearchRequest] = field(default_factory=list)

    def __call__(self, request: SearchRequest) -> SearchResult:
        self.asked.append(request)
        chunks = self.found.get(request.query, ())[: request.top_k]
        return SearchResult(tuple(map(passage, chunks)), {"total": 1.0}, self.documents)


@dataclass
class Writer:
    """Writes a reply for each call."""

    replies: list[Sequence[str]]
    seen: list[tuple[str, list[str]]] = field(default_factory=list)

    def write(
        self, refinement: str, query: str, passages: Sequence[Passage], *, seconds: float
    ) -> Sequence[str]:
        self.seen.append((refinement, [one.chunk_id for one in passages]))
        return self.replies.pop(0)


def ask(query: str, top_k: int = 4) -> SearchRequest:
    return SearchRequest(query, "c", top_k, frozenset({"d"}))


def chunks(result: SearchResult) -> list[str]:
    return [one.chunk_id for one in result.passages]


def test_search_compound_question_shows_what_each_part_finds() -> None:
    plain = Plain({COMPOUND: "abcd", "年假有几天？": "ax", "病假工资怎么算？": "yb"})
    found = RefinedSearch(plain, "decompose").run(ask(COMPOUND))
    assert set(chunks(found.result)) == {"a", "b", "y", "x"}
    assert [one.query for one in found.finds] == ["年假有几天？", "病假工资怎么算？"]
    assert {request.document_ids for request in plain.asked} == {frozenset({"d"})}
    assert {"refine", "refined_search", "total"} <= set(found.result.timings_ms)


def test_search_off_asks_once_and_changes_nothing() -> None:
    plain = Plain({COMPOUND: "ab"})
    result = RefinedSearch(plain, "off", Writer([])).search(ask(COMPOUND))
    assert (chunks(result), len(plain.asked), dict(result.timings_ms)) == (
        ["a", "b"],
        1,
        {"total": 1.0},
    )


@pytest.mark.parametrize("refinement", ["multi_query", "hyde", "iterative"])
def test_search_writer_that_writes_nothing_leaves_the_plain_result(refinement: Refinement) -> None:
    plain = Plain({SINGLE: "ab"})
    result = RefinedSearch(plain, refinement, Writer([[]])).search(ask(SINGLE))
    assert (chunks(result), [one.score for one in result.passages]) == (["a", "b"], [1.0, 1.0])
    assert len(plain.asked) == 1


def test_search_without_a_writer_leaves_the_plain_result() -> None:
    plain = Plain({SINGLE: "ab"})
    assert chunks(RefinedSearch(plain, "hyde").search(ask(SINGLE))) == ["a", "b"]


def test_search_iterative_asks_again_with_what_was_found_and_ends_after_two_rounds() -> None:
    plain = Plain({SINGLE: "a", "q1": "b", "q2": "c", "q3": "z"})
    writer = Writer([["q1", SINGLE, " "], ["q2", "q1"], ["q3"]])
    found = RefinedSearch(plain, "iterative", writer).run(ask(SINGLE))
    assert writer.seen == [("iterative", ["a"]), ("iterative", ["a", "b"])]
    assert [one.query for one in found.finds] == ["q1", "q2"]


def test_search_iterative_out_of_time_begins_no_other_round() -> None:
    writer = Writer([["q1"], ["q2"]])
    found = RefinedSearch(Plain({}), "iterative", writer, seconds=0.0).run(ask(SINGLE))
    assert [one.query for one in found.finds] == ["q1"]


def test_search_empty_collection_is_asked_once() -> None:
    plain = Plain({}, documents=0)
    RefinedSearch(plain, "multi_query", Writer([["q"]])).search(ask(SINGLE))
    assert len(plain.asked) == 1


def test_merge_keeps_each_passage_once_best_first() -> None:
    merged = merge([[passage("a"), passage("b")], [passage("b"), passage("c")]])
    assert [one.chunk_id for one in merged] == ["b", "a", "c"]
    assert [one.score for one in merged] == sorted((one.score for one in merged), reverse=True)
    assert merged[0].scores["refined"] == merged[0].score
