from retrieval.collections_index import CollectionsIndex
from tests.retrieval.catalog_fake import DIMENSION, FakeCatalog


def test_refresh_new_revision_replaces_all_rows_of_the_old_one() -> None:
    catalog = FakeCatalog()
    catalog.put("d1", "年假", ["旧的规定", "另一条"])
    indexes = CollectionsIndex(catalog, DIMENSION)
    indexes.refresh()
    catalog.put("d1", "年假", ["新的规定"])
    assert indexes.refresh() == 2
    collection = indexes.collection("c")
    assert collection is not None
    assert len(collection.keys) == 1
    assert len(collection.summaries) == 1
    assert collection.keys.search_words(["旧"], 0.0, 9, None) == []


def test_refresh_removed_document_leaves_nothing() -> None:
    catalog = FakeCatalog()
    catalog.put("d1", "t", ["alpha"])
    catalog.put("d2", "t", ["beta"])
    indexes = CollectionsIndex(catalog, DIMENSION)
    indexes.refresh()
    catalog.remove("d1")
    indexes.refresh()
    collection = indexes.collection("c")
    assert collection is not None
    assert (len(collection.keys), len(collection.summaries)) == (1, 1)
    assert list(collection.numbers) == ["d2"]


def test_refresh_added_and_removed_between_two_calls_is_skipped() -> None:
    catalog = FakeCatalog()
    catalog.put("d1", "t", ["alpha"])
    catalog.remove("d1")
    indexes = CollectionsIndex(catalog, DIMENSION)
    indexes.refresh()
    collection = indexes.collection("c")
    assert collection is not None
    assert len(collection.keys) == 0


def test_collection_other_name_never_shares_rows() -> None:
    catalog = FakeCatalog()
    catalog.put("d1", "t", ["alpha"], collection="a")
    catalog.put("d2", "t", ["alpha"], collection="b")
    indexes = CollectionsIndex(catalog, DIMENSION)
    indexes.refresh()
    collection = indexes.collection("a")
    assert collection is not None
    assert set(collection.numbers) == {"d1"}
    assert indexes.collection("unknown") is None
