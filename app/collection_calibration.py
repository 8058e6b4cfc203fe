"""How each collection's confidence is read, and answers to calibrate it with."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

from app.answer_events import AnswerEvent, AnswerRequest
from generation.confidence import Calibration
from ingestion.store.catalog import Catalog
from retrieval.records import SearchRequest, SearchResult

AskWithout = Callable[[AnswerRequest, frozenset[str]], Iterator[AnswerEvent]]
"""Answers a question as if some chunks did not exist, and refuses nothing as unsure."""


def collection_calibration(catalog: Catalog, threshold: float, collection: str) -> Calibration:
    """Return what a collection was calibrated to last; uncalibrated, `threshold` alone."""
    stored = catalog.calibrations.current(collection)
    return Calibration(threshold) if stored is None else Calibration(**stored.weights)


def calibration_finder(catalog: Catalog, threshold: float) -> Callable[[str], Calibration]:
    """Return `collection_calibration` of one catalog."""
    return partial(collection_calibration, catalog, threshold)


def search_without(
    search: Callable[[SearchRequest], SearchResult],
    withheld: frozenset[str],
    request: SearchRequest,
) -> SearchResult:
    """Search as if the chunks with these ids did not exist; fewer passages may come."""
    found = search(request)
    kept = tuple(one for one in found.passages if one.chunk_id not in withheld)
    return replace(found, passages=kept)
