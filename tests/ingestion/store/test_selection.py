from pathlib import Path

import pytest

from ingestion.store.catalog import Catalog
from ingestion.store.selection import Selection
from tests.ingestion.catalog_samples import add


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    return Catalog(tmp_path / "catalog.sqlite3")


def test_selection_of_nothing_selects_the_collection(catalog: Catalog) -> None:
    mine = {add(catalog, f"{n}.txt", bytes([n])) for n in range(3)}
    add(catalog, "other.txt", b"x", collection="other")
    assert catalog.select_documents("hr", Selection()) == mine
    assert catalog.select_documents("none", Selection()) == frozenset()


@pytest.mark.parametrize("value", ["2023", "年", "a'b\"c", "%", ""])
def test_selection_compares_metadata_to_the_letter(catalog: Catalog, value: str) -> None:
    wanted = add(catalog, "a.txt", b"a", metadata={"k": value})
    add(catalog, "b.txt", b"b", metadata={"k": value + "0"})
    add(catalog, "c.txt", b"c", metadata={"other": value})
    selection = Selection(metadata=(("k", frozenset({value})),))
    assert catalog.select_documents("hr", selection) == {wanted}


@pytest.mark.parametrize("key", ["a.b", "a b", 'a"b', "$.a", "键"])
def test_selection_takes_any_key(catalog: Catalog, key: str) -> None:
    wanted = add(catalog, "a.txt", b"a", metadata={key: "1"})
    selection = Selection(metadata=((key, frozenset({"1", "2"})),))
    assert catalog.select_documents("hr", selection) == {wanted}
    assert catalog.select_documents("hr", Selection(metadata=(("a", frozenset("1")),))) == set()
