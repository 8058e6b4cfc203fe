from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ingestion.errors import OtherEncoder
from ingestion.records import DocumentSummary, IngestedDocument
from ingestion.store.catalog import Catalog
from tests.ingestion.catalog_samples import add, claim, ingested_document, submit


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "catalog.sqlite"


@pytest.fixture
def catalog(path: Path) -> Iterator[Catalog]:
    catalog = Catalog(path, encoder="m")
    yield catalog
    catalog.close()


def reopened(path: Path, encoder: str, *, owns_unknown: bool = True) -> Catalog:
    return Catalog(path, encoder=encoder, owns_unknown=owns_unknown)


def other(ingested: IngestedDocument) -> IngestedDocument:
    """Return a document with all vectors turned round and another summary."""
    summary = DocumentSummary("另一摘要", ("另",), -ingested.summary.vector)
    chunks = tuple(
        replace(
            chunk,
            key_text=f"new {chunk.key_text}",
            raw_vector=-chunk.raw_vector,
            key_vector=-chunk.key_vector,
        )
        for chunk in ingested.chunks
    )
    return IngestedDocument(ingested.document, summary, chunks)


def test_documents_bear_the_name_of_the_encoder_that_stored_them(catalog: Catalog) -> None:
    add(catalog, "甲.txt", b"one")
    catalog.put_documents("bulk", [("乙.txt", b"two", ingested_document())])
    assert catalog.embeddings.counts() == {"m": 2}
    catalog.embeddings.refuse_others()


@pytest.mark.parametrize("name", ["a", "z", "m+0a1b2c3d", "l"])
def test_another_encoder_is_refused_whichever_way_its_name_sorts(
    catalog: Catalog, path: Path, name: str
) -> None:
    add(catalog)
    newer = reopened(path, name)
    with pytest.raises(OtherEncoder, match=r"1 by m\. Run `youju reembed`") as raised:
        newer.embeddings.refuse_others()
    assert (raised.value.encoder, raised.value.others) == (name, {"m": 1})
    newer.close()


def test_one_of_another_encoder_between_the_own_and_the_unknown_is_found(path: Path) -> None:
    for name in ("", "a"):
        older = reopened(path, name)
        last = add(older, f"{name}.txt", f"of {name}".encode())
        add(older, f"{name}2.txt", f"of {name} too".encode())
        older.close()
    newer = reopened(path, "m")
    stored = newer.embeddings.read(last)
    assert stored is not None
    assert newer.embeddings.replace(stored, ingested_document())
    assert newer.embeddings.counts() == {"": 2, "a": 1, "m": 1}
    with pytest.raises(OtherEncoder) as raised:
        newer.embeddings.refuse_others()
    assert raised.value.others == {"a": 1}
    newer.close()


@pytest.mark.parametrize("owns_unknown", [True, False])
def test_unknown_encoder_is_the_own_where_told_so(path: Path, owns_unknown: bool) -> None:
    older = reopened(path, "")
    add(older)
    older.close()
    newer = reopened(path, "m", owns_unknown=owns_unknown)
    if owns_unknown:
        newer.embeddings.refuse_others()
    else:
        with pytest.raises(OtherEncoder, match="1 by one that was not noted"):
            newer.embeddings.refuse_others()
    newer.close()


def test_job_of_another_encoder_is_not_committed_and_stays_open(
    catalog: Catalog, path: Path
) -> None:
    add(catalog, "甲.txt", b"one")
    newer = reopened(path, "z")
    submit(newer, "乙.txt", b"two")
    job = claim(newer)
    with pytest.raises(OtherEncoder):
        newer.commit_document(ingested_document(), job_id=job.job_id, worker="w1")
    with pytest.raises(OtherEncoder):
        newer.put_documents("bulk", [("丙.txt", b"three", ingested_document())])
    newer.close()
    assert catalog.documents()[1] == 1
    catalog.commit_document(ingested_document(), job_id=job.job_id, worker="w1")
    assert catalog.embeddings.counts() == {"m": 2}


def test_outdated_are_those_of_others_and_the_unknown_in_a_collection(path: Path) -> None:
    older = reopened(path, "")
    ids = {name: add(older, "甲.txt", b"one", name) for name in ("hr", "law")}
    older.close()
    newer = reopened(path, "m")
    own = add(newer, "乙.txt", b"two", "hr")
    assert newer.embeddings.outdated() == sorted(ids.values())
    assert newer.embeddings.outdated("law") == [ids["law"]]
    assert newer.embeddings.outdated("none") == []
    assert own not in newer.embeddings.outdated("hr")
    newer.close()


def test_read_gives_the_document_as_it_was_ingested(catalog: Catalog) -> None:
    ingested = ingested_document()
    document_id = add(catalog, ingested=ingested)
    stored = catalog.embeddings.read(document_id)
    assert stored is not None
    assert stored.document == ingested.document
    assert stored.chunks == tuple(entry.chunk for entry in ingested.chunks)
    assert stored.keys == tuple(entry.keys for entry in ingested.chunks)
    assert (stored.document_id, stored.collection) == (document_id, "hr")
    assert catalog.embeddings.read("none") is None


def test_replace_changes_vectors_and_summary_and_tells_followers(
    catalog: Catalog, path: Path
) -> None:
    ingested = ingested_document()
    document_id = add(catalog, ingested=ingested)
    before = catalog.document(document_id), catalog.chunks(document_id), catalog.last_sequence()
    newer = reopened(path, "z")
    stored = newer.embeddings.read(document_id)
    assert stored is not None
    assert newer.embeddings.replace(stored, other(ingested))
    newer.close()
    assert catalog.embeddings.counts() == {"z": 1}
    for row, entry in zip(catalog.vector_rows(document_id), ingested.chunks, strict=True):
        assert np.array_equal(row.raw_vector, -entry.raw_vector)
        assert np.array_equal(row.key_vector, -entry.key_vector)
        assert row.key_text == f"new {entry.key_text}"
    summary = catalog.summary_row(document_id)
    assert summary is not None
    assert np.array_equal(summary.vector, -ingested.summary.vector)
    assert (summary.text, summary.keyphrases) == ("另一摘要", ("另",))
    assert before[0] is not None
    expected = replace(before[0], summary="另一摘要", keyphrases=("另",))
    assert (catalog.document(document_id), catalog.chunks(document_id)) == (expected, before[1])
    (change,) = catalog.changes_since(before[2])
    assert (change.document_id, change.collection, change.kind) == (document_id, "hr", "added")


def test_replace_of_what_changed_meanwhile_changes_nothing(catalog: Catalog) -> None:
    document_id = add(catalog)
    stored = catalog.embeddings.read(document_id)
    assert stored is not None
    add(catalog, content=b"newer", ingested=ingested_document("第二版的全文。"))
    sequence = catalog.last_sequence()
    assert not catalog.embeddings.replace(stored, other(ingested_document()))
    assert catalog.last_sequence() == sequence
    catalog.delete_document(document_id)
    assert not catalog.embeddings.replace(stored, other(ingested_document()))
