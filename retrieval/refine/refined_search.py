"""Search for the parts of a question beside the whole of it, and merge what they find."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from retrieval.fusion import WeightedRun, fuse_rrf
from retrieval.ports import QueryWriter
from retrieval.records import Passage, SearchRequest, SearchResult
from retrieval.refine.decompose import decompose

Refinement = Literal["off", "decompose", "multi_query", "hyde", "iterative"]
"""What is searched for beside the question. decompose: the parts of a compound one, by rules; the
others do so too, and beside a question of one part: multi_query, the same in other words; hyde, a
passage that might answer it (Gao et al. 2022); iterative, what is still missing, in rounds."""

_ROUNDS = 2
_MOST_QUERIES = 4

Search = Callable[[SearchRequest], SearchResult]


@dataclass(frozen=True, slots=True)
class Find:
    """A query and what the plain search found for it."""

    query: str
    result: SearchResult


@dataclass(frozen=True, slots=True)
class RefinedRun:
    """A search's result, and the queries that were searched for beside the question."""

    result: SearchResult
    finds: tuple[Find, ...]


@dataclass(frozen=True, slots=True)
class RefinedSearch:
    """The search of `/search` and `/ask`. Safe to call from several threads.

    plain: the search for one query. writer: what writes queries; None: only rules refine. seconds:
    no round is begun after so long.
    """

    plain: Search
    refinement: Refinement = "off"
    writer: QueryWriter | None = None
    seconds: float = 5.0

    def search(self, request: SearchRequest) -> SearchResult:
        """Return up to `top_k` passages, those that several queries find first.

        What writes no query in time changes nothing. Timings tell how long writing took
        (`refine`) and the further searches (`refined_search`); the other stages are the plain
        search's.
        """
        return self.run(request).result

    def run(self, request: SearchRequest) -> RefinedRun:
        """Search, and return what each further query found with the result."""
        started = time.perf_counter()
        found = self.plain(request)
        if self.refinement == "off" or not found.documents:
            return RefinedRun(found, ())
        finds, writing = [Find(request.query, found)], 0.0
        for number in range(_ROUNDS if self.refinement == "iterative" else 1):
            asked = time.perf_counter()
            queries = self._queries(request.query, finds, is_first=number == 0)
            writing += time.perf_counter() - asked
            finds += [Find(one, self.plain(replace(request, query=one))) for one in queries]
            if not queries or time.perf_counter() - started > self.seconds:
                break
        total = time.perf_counter() - started
        searching = total - writing - found.timings_ms.get("total", 0.0) / 1000
        spent = {"refine": writing, "refined_search": searching, "total": total}
        passages = merge([find.result.passages for find in finds])[: request.top_k]
        milliseconds = {name: seconds * 1000 for name, seconds in spent.items()}
        timings = {**found.timings_ms, **milliseconds}
        return RefinedRun(
            replace(found, passages=tuple(passages), timings_ms=timings), tuple(finds[1:])
        )

    def _queries(self, query: str, finds: Sequence[Find], *, is_first: bool) -> Sequence[str]:
        """Return what to search for next: by rules if they know, else as the writer says."""
        if is_first and (parts := decompose(query).parts):
            return parts
        if self.writer is None or self.refinement == "decompose":
            return ()
        passages = merge([find.result.passages for find in finds])
        written = self.writer.write(self.refinement, query, passages, seconds=self.seconds)
        known = {find.query for find in finds}
        return [one for one in written if one.strip() and one not in known][:_MOST_QUERIES]


def merge(lists: Sequence[Sequence[Passage]]) -> list[Passage]:
    """Return the passages of ranked lists by reciprocal rank, with it as their score.

    A passage keeps the scores of the list that has it highest, and `refined` beside them.
    """
    if len(lists) == 1:
        return list(lists[0])
    best: dict[str, tuple[int, Passage]] = {}
    for passages in lists:
        for rank, passage in enumerate(passages):
            if passage.chunk_id not in best or rank < best[passage.chunk_id][0]:
                best[passage.chunk_id] = (rank, passage)
    runs = [WeightedRun([passage.chunk_id for passage in passages], 1.0) for passages in lists]
    return [
        replace(passage, score=score, scores={**passage.scores, "refined": score})
        for chunk_id, score in fuse_rrf(runs)
        for _, passage in [best[chunk_id]]
    ]
