from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.readiness import readiness
from ingestion.errors import CatalogUnavailable
from ingestion.store.catalog import Catalog
from retrieval.collections_index import CollectionsIndex


class Down:
    name = "vllm"
    is_up = False


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    catalog = Catalog(tmp_path / "catalog.sqlite3")
    yield catalog
    catalog.close()


def test_readiness_without_a_generator_is_whole(catalog: Catalog) -> None:
    told = readiness(catalog, None, CollectionsIndex(catalog, 8))
    assert (told.models, told.catalog, told.generator, told.detail) == (True, True, "none", "")


def test_readiness_names_a_generator_that_does_not_answer(catalog: Catalog) -> None:
    down: Any = Down()
    told = readiness(catalog, down, CollectionsIndex(catalog, 8))
    assert told.generator == "down"
    assert told.detail.startswith("vllm does not answer")


def test_readiness_names_a_catalog_that_does_not_answer(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> int:
        raise CatalogUnavailable("locked")

    indexes = CollectionsIndex(catalog, 8)
    monkeypatch.setattr(catalog, "last_sequence", away)
    told = readiness(catalog, None, indexes)
    assert not told.catalog
    assert told.detail
