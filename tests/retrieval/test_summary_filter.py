from retrieval.summary_filter import SummaryFilter
from retrieval.terms import terms
from tests.retrieval.catalog_fake import DIMENSION, FakeCatalog, embed


def _filled(count: int) -> SummaryFilter:
    catalog, vectors = FakeCatalog(), []
    index = SummaryFilter(DIMENSION)
    with index.adding_words() as add:
        for number in range(count):
            catalog.put(f"d{number}", f"topic{number}", [f"subject{number} words"])
            document = catalog.new_document(f"d{number}")
            add(number, document.terms)
            vectors.append((number, document.vectors))
    index.add_vectors(vectors)
    return index


def test_candidates_fewer_documents_than_k_does_not_narrow() -> None:
    assert _filled(5).candidates(["topic1"], embed(["topic1"])[0], 5, None) is None


def test_candidates_named_topic_comes_first() -> None:
    found = _filled(30).candidates(terms("topic17"), embed(["topic17"])[0], 5, None)
    assert found is not None
    assert found[0][0] == 17
    assert len(found) == 5


def test_candidates_within_only_allowed_documents() -> None:
    found = _filled(30).candidates(terms("topic17"), embed(["topic17"])[0], 2, [1, 2, 3])
    assert found is not None
    assert {number for number, _ in found} <= {1, 2, 3}


def test_remove_document_is_no_candidate() -> None:
    index = _filled(30)
    index.remove(17)
    found = index.candidates(terms("topic17"), embed(["topic17"])[0], 29 - 1, None)
    assert found is not None
    assert 17 not in {number for number, _ in found}
