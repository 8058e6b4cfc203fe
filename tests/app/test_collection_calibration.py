from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from app.collection_calibration import collection_calibration, search_without
from generation.confidence import Calibration
from ingestion.store.catalog import Catalog
from retrieval.records import Passage, SearchRequest, SearchResult

PASSAGE = Passage("a", "d", "r", "t", (), None, 0, 4, "text", 1.0, {})


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    opened = Catalog(tmp_path / "catalog.sqlite")
    yield opened
    opened.close()


def test_collection_calibration_is_the_newest_that_was_not_taken_back(catalog: Catalog) -> None:
    assert collection_calibration(catalog, 0.2, "hr") == Calibration(0.2)
    catalog.calibrations.put("hr", {"threshold": 0.4, "slope": 0.5, "bias": -1.0}, {})
    assert collection_calibration(catalog, 0.2, "hr") == Calibration(0.4, 0.5, -1.0)
    assert collection_calibration(catalog, 0.2, "law") == Calibration(0.2)
    assert catalog.tuned_weights.current("hr") is None
    catalog.calibrations.roll_back("hr")
    assert collection_calibration(catalog, 0.2, "hr") == Calibration(0.2)


def test_search_without_leaves_out_what_is_withheld() -> None:
    passages = tuple(replace(PASSAGE, chunk_id=name) for name in ("a", "b", "c"))
    request = SearchRequest("question", "hr", 8, None)
    found = SearchResult(passages, {"fusion": 1.0}, 3)
    assert search_without(lambda _request: found, frozenset(), request) == found
    less = search_without(lambda _request: found, frozenset({"b"}), request)
    assert [one.chunk_id for one in less.passages] == ["a", "c"]
    assert less.documents == 3
