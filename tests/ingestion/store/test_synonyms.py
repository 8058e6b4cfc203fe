from collections.abc import Iterator
from pathlib import Path

import pytest

from ingestion.store.catalog import Catalog


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    opened = Catalog(tmp_path / "catalog.sqlite")
    yield opened
    opened.close()


def test_put_replaces_the_groups_of_its_collection_only(catalog: Catalog) -> None:
    stored = catalog.synonyms
    assert stored.of("hr") == ()
    stored.put("hr", [["社保", "五险一金"]])
    stored.put("law", [["法", "法律"]])
    stored.put("hr", [["年假", "带薪年休假"], ["a", "b", "c"]])
    assert stored.of("hr") == (("年假", "带薪年休假"), ("a", "b", "c"))
    assert stored.of("law") == (("法", "法律"),)


def test_put_nothing_takes_the_groups_back(catalog: Catalog) -> None:
    catalog.synonyms.put("hr", [["社保", "五险一金"]])
    catalog.synonyms.put("hr", [])
    assert catalog.synonyms.of("hr") == ()


def test_groups_are_there_after_the_catalog_is_opened_again(tmp_path: Path) -> None:
    path = tmp_path / "catalog.sqlite"
    first = Catalog(path)
    first.synonyms.put("hr", [["社保", "五险一金"]])
    first.close()
    again = Catalog(path)
    assert again.synonyms.of("hr") == (("社保", "五险一金"),)
    again.close()
