from collections.abc import Iterator
from pathlib import Path

import pytest

from ingestion.store.catalog import Catalog

WEIGHTS = {"words": 0.5, "rrf_k": 0.0}
REPORT = {"before": 0.5, "after": 0.6}


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    opened = Catalog(tmp_path / "catalog.sqlite")
    yield opened
    opened.close()


def test_put_versions_count_up_and_the_newest_is_used(catalog: Catalog) -> None:
    weights = catalog.tuned_weights
    assert weights.current("hr") is None
    first, second = weights.put("hr", WEIGHTS, REPORT), weights.put("hr", {"words": 0.7}, {})
    assert (first.version, second.version) == (1, 2)
    assert weights.current("hr") == second
    assert weights.versions("hr") == [second, first]
    assert (first.weights, first.report) == (WEIGHTS, REPORT)
    assert weights.current("law") is None


def test_roll_back_goes_to_the_version_before_and_at_last_to_none(catalog: Catalog) -> None:
    weights = catalog.tuned_weights
    first, second = weights.put("hr", WEIGHTS, REPORT), weights.put("hr", WEIGHTS, REPORT)
    weights.put("law", WEIGHTS, REPORT)
    taken = weights.roll_back("hr")
    assert taken is not None
    assert (taken.version, taken.rolled_back) == (second.version, True)
    assert weights.current("hr") == first
    assert weights.put("hr", WEIGHTS, REPORT).version == 3
    for version in (3, 1):
        taken = weights.roll_back("hr")
        assert taken is not None
        assert taken.version == version
    assert weights.roll_back("hr") is None
    assert weights.current("hr") is None
    assert weights.current("law") is not None
