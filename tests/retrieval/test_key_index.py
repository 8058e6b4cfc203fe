from retrieval.key_index import KeyIndex
from retrieval.terms import terms
from tests.retrieval.catalog_fake import DIMENSION, FakeCatalog, embed


def _index() -> KeyIndex:
    catalog = FakeCatalog()
    catalog.put("d1", "leave policy", ["annual leave lasts ten days", "sick leave needs a note"])
    catalog.put("d2", "expenses", ["taxis are paid after nine"])
    index = KeyIndex(DIMENSION)
    vectors = []
    with index.adding_words() as add:
        for number, name in enumerate(["d1", "d2"]):
            document = catalog.new_document(name)
            index.place(number, [chunk.chunk_id for chunk in document.terms.chunks])
            add(number, document.terms)
            vectors.append((number, document.vectors))
    index.add_vectors(vectors)
    return index


def test_search_raw_nearest_text_maps_to_its_chunk() -> None:
    row, _ = _index().search_raw(embed(["taxis paid after nine"])[0], 1, None)[0]
    assert _index().chunk_id(row) == "d2/taxis are paid after nine"


def test_search_keys_title_words_give_the_chunks_under_it() -> None:
    index = _index()
    found = {
        index.chunk_id(row) for row, _ in index.search_keys(embed(["leave policy"])[0], 2, None)
    }
    assert found == {"d1/annual leave lasts ten days", "d1/sick leave needs a note"}


def test_search_words_only_in_key_information_is_found_through_it() -> None:
    index = _index()
    assert index.search_words(terms("expenses"), {"body": 1.0, "above": 0.0}, 5, None) == []
    for field in ("above", "key"):
        [(row, _)] = index.search_words(terms("expenses"), {field: 0.5}, 5, None)
        assert index.chunk_id(row) == "d2/taxis are paid after nine"


def test_search_words_that_the_text_says_itself_count_once() -> None:
    index = _index()
    [(row, without)] = index.search_words(terms("taxis"), {"body": 1.0}, 5, None)
    with_key = {"body": 1.0, "above": 9.0}
    assert index.search_words(terms("taxis"), with_key, 5, None) == [(row, without)]


def test_search_documents_counts_words_of_all_chunks_and_the_title() -> None:
    index = _index()
    [(spread, both)] = index.search_documents(terms("annual sick policy"), 5, None)
    [(_, one)] = index.search_documents(terms("annual"), 5, None)
    assert index.document_of(index.rows_of([0])[0]) == spread == 0
    assert one < both <= index.highest_document_score(terms("annual sick policy"))
    assert index.search_documents(terms("annual"), 5, [1]) == []


def test_rows_of_documents_limit_a_search() -> None:
    index = _index()
    rows = index.rows_of([1])
    assert {row for row, _ in index.search_raw(embed(["annual leave"])[0], 9, rows)} == set(rows)


def test_remove_document_forgets_its_chunks() -> None:
    index = _index()
    rows = index.rows_of([0])
    index.remove(0)
    assert len(index) == 1
    assert all(index.chunk_id(row) is None for row in rows)
    assert all(index.document_of(row) is None for row in rows)
    assert index.search_documents(terms("annual"), 5, None) == []
    index.remove(0)
    assert len(index) == 1
