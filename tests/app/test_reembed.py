"""Embedding anew gives what ingestion with that encoder would have given, to the last bit."""

import io
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from app.embed_levels import BY_STATISTICS, KeyInfo
from app.ingest_document import ingest_document
from app.reembed import reembed_documents
from ingestion.records import Chunk, Document, IngestedDocument, Vectors, WrittenKeys
from ingestion.store.catalog import Catalog
from ingestion.store.stored import StoredDocument, SummaryRow, VectorRow
from ingestion.strategies import Chunking
from retrieval.collections_index import CollectionsIndex
from retrieval.manifest import IndexIdentity
from retrieval.snapshots import Snapshots
from tests.app.test_ingest_document import STATUTE

LIMIT = 120
LONG = f"{STATUTE}\n\n## 第三章 附则\n\n" + "粮食仓库应当每年由专人检查一次，并登记检查结果。" * 60
ENGLISH = "# Ferry\n\n" + "The crossing takes forty minutes. It leaves from pier seven daily. " * 40
TABLE = "| 岗位 | 年假 |\n| --- | --- |\n" + "".join(f"| 岗{n} | {n} 天 |\n" for n in range(60))
FILES = {
    "办法.md": STATUTE,
    "长.md": LONG,
    "ferry.md": ENGLISH,
    "表.md": TABLE,
    "短.txt": "这份文件只有这样一句话。",
}


class SaltedEmbedder:
    """Unit vectors that depend on the text, on who made them, and a little on the whole batch.

    As those of real encoders do: a batch in another composition gives other last bits.
    """

    def __init__(self, salt: int, fails_after: int | None = None) -> None:
        self._salt = salt
        self._left = fails_after
        self._lock = threading.Lock()

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        with self._lock:
            if self._left is not None:
                self._left -= 1
                if self._left < 0:
                    raise KeyboardInterrupt
        rows = np.zeros((len(texts), 32), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for at, letter in enumerate(text):
                row[(ord(letter) * self._salt + at % 3) % 32] += 1
        rows += np.float32(1e-4 * len(texts))
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(text) for text in texts]


class Writer:
    """Words the same of every chunk."""

    def write(self, document: Document, chunk: Chunk, is_over: Callable[[], bool]) -> WrittenKeys:
        question = f"{document.title}的第{chunk.ordinal}段说了什么？"
        return WrittenKeys(f"第{chunk.ordinal}段的大意", (question,), (chunk.text[:4],))


A, B = SaltedEmbedder(7), SaltedEmbedder(13)


def ingested(
    name: str, embedder: SaltedEmbedder, key_info: KeyInfo = BY_STATISTICS
) -> IngestedDocument:
    return ingest_document(
        FILES[name].encode(),
        name,
        embedder=embedder,
        chunking=Chunking(LIMIT),
        key_info=key_info,
        progress=lambda _stage, _share, _characters=0: None,
    )


def filled(
    path: Path, encoder: str, embedder: SaltedEmbedder, key_info: KeyInfo = BY_STATISTICS
) -> Catalog:
    catalog = Catalog(path, encoder=encoder)
    files = [(name, FILES[name].encode(), ingested(name, embedder, key_info)) for name in FILES]
    catalog.put_documents("hr", files[:3])
    catalog.put_documents("law", files[3:])
    return catalog


def held(catalog: Catalog) -> dict[str, tuple[StoredDocument, list[VectorRow], SummaryRow]]:
    """Return by name all that the catalog has of its documents and of their vectors."""
    everything = {}
    for document in catalog.documents()[0]:
        summary = catalog.summary_row(document.document_id)
        assert summary is not None
        everything[document.name] = document, catalog.vector_rows(document.document_id), summary
    return everything


def assert_same(one: Catalog, two: Catalog) -> None:
    first, second = held(one), held(two)
    assert first.keys() == second.keys() == FILES.keys()
    for name in first:
        (left, rows, summary), (right, others, other) = first[name], second[name]
        assert (left.summary, left.keyphrases) == (right.summary, right.keyphrases)
        assert one.chunks(left.document_id, 0, 999) == two.chunks(right.document_id, 0, 999)
        assert [row.chunk_id for row in rows] == [row.chunk_id for row in others]
        assert [row.key_text for row in rows] == [row.key_text for row in others]
        for row, counterpart in zip(rows, others, strict=True):
            assert row.raw_vector.tobytes() == counterpart.raw_vector.tobytes()
            assert row.key_vector.tobytes() == counterpart.key_vector.tobytes()
        assert summary.text == other.text
        assert summary.vector.tobytes() == other.vector.tobytes()


def reembed(
    catalog: Catalog,
    embedder: SaltedEmbedder = B,
    collection: str | None = None,
    shown: io.StringIO | None = None,
) -> list[str]:
    return reembed_documents(
        catalog.embeddings,
        embedder,
        catalog.embeddings.outdated(collection),
        longest_chunk=LIMIT,
        lanes=3,
        console=Console(file=shown or io.StringIO()),
    )


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Catalog]:
    """What ingesting with the new encoder gives."""
    catalog = filled(tmp_path / "fresh" / "catalog.sqlite3", "b", B)
    yield catalog
    catalog.close()


@pytest.fixture
def changed(tmp_path: Path) -> Iterator[Catalog]:
    """What the old encoder embedded, opened to be embedded by the new one."""
    filled(tmp_path / "old" / "catalog.sqlite3", "a", A).close()
    catalog = Catalog(tmp_path / "old" / "catalog.sqlite3", encoder="b", alone=True)
    yield catalog
    catalog.close()


def test_reembed_gives_what_ingestion_with_the_encoder_gives(
    fresh: Catalog, changed: Catalog
) -> None:
    before = held(changed)
    shown = io.StringIO()
    assert reembed(changed, shown=shown) == []
    assert changed.embeddings.counts() == {"b": len(FILES)}
    assert_same(fresh, changed)
    after = held(changed)
    # The test can fail: the encoders differ, also in what sentences they choose for a summary.
    assert all(
        before[name][2].vector.tobytes() != after[name][2].vector.tobytes() for name in FILES
    )
    assert any(before[name][2].text != after[name][2].text for name in FILES)
    assert f"{len(FILES)}/{len(FILES)} documents" in shown.getvalue()
    assert changed.embeddings.outdated() == []


def test_reembed_keeps_what_a_generator_wrote(tmp_path: Path) -> None:
    written = KeyInfo(writer=Writer())
    fresh = filled(tmp_path / "fresh" / "catalog.sqlite3", "b", B, written)
    filled(tmp_path / "old" / "catalog.sqlite3", "a", A, written).close()
    changed = Catalog(tmp_path / "old" / "catalog.sqlite3", encoder="b")
    assert reembed(changed) == []
    assert any("说了什么" in row.key_text for _, rows, _ in held(changed).values() for row in rows)
    expected = held(fresh)
    for name, (_, rows, _) in held(changed).items():
        for row, other in zip(rows, expected[name][1], strict=True):
            assert row.key_text == other.key_text
            # Ingestion embeds in two steps here: in other batches, so not the same to the last bit.
            np.testing.assert_allclose(row.raw_vector, other.raw_vector, atol=0.01)
            np.testing.assert_allclose(row.key_vector, other.key_vector, atol=0.01)
    changed.close()
    fresh.close()


def test_reembed_of_a_collection_leaves_the_others(changed: Catalog) -> None:
    assert reembed(changed, collection="law") == []
    assert changed.embeddings.counts() == {"a": 3, "b": 2}


def test_reembed_that_is_stopped_goes_on_where_it_was(fresh: Catalog, changed: Catalog) -> None:
    with pytest.raises(KeyboardInterrupt):
        reembed(changed, SaltedEmbedder(13, fails_after=4))
    left = changed.embeddings.outdated()
    assert 0 < len(left) < len(FILES)
    assert reembed(changed) == []
    assert_same(fresh, changed)


def test_reembed_tells_of_a_document_without_chunks(changed: Catalog) -> None:
    assert reembed_documents(
        changed.embeddings, B, ["none"], longest_chunk=LIMIT, lanes=1, console=Console(quiet=True)
    ) == ["none"]


def test_indexes_follow_to_the_new_vectors_and_snapshots_of_the_old_are_not_used(
    tmp_path: Path,
) -> None:
    path = tmp_path / "old" / "catalog.sqlite3"
    old = filled(path, "a", A)
    before = indexes_of(old, "a")
    for name in old.collections():
        assert before.save(name, wait=True) is not None
    assert nearest(old, before) == pytest.approx(1.0, abs=1e-3)
    before.close()
    old.close()
    changed = Catalog(path, encoder="b")
    reembed(changed)
    assert snapshots_of(changed, "b").load("hr", changed) is None
    # The name decides, and where it is the same one, what the catalog says of each document.
    for encoder in ("a", "b"):
        indexes = indexes_of(changed, encoder)
        assert nearest(changed, indexes) == pytest.approx(1.0, abs=1e-3)
        indexes.close()
    changed.close()


def snapshots_of(catalog: Catalog, encoder: str) -> Snapshots:
    return Snapshots(catalog.index_files, IndexIdentity(encoder, 32, "i"))


def indexes_of(catalog: Catalog, encoder: str) -> CollectionsIndex:
    indexes = CollectionsIndex(catalog, 32, snapshots_of(catalog, encoder))
    indexes.load()
    return indexes


def nearest(catalog: Catalog, indexes: CollectionsIndex) -> float:
    """Return how near each chunk's vector in the index is to that in the catalog, at worst."""
    scores = []
    for name in catalog.collections():
        index = indexes.collection(name)
        assert index is not None
        for document_id in catalog.document_ids(name):
            for vector in catalog.vector_rows(document_id):
                row = index.keys.row_of(vector.chunk_id)
                assert row is not None
                scores += [score for _, score in index.keys.search_raw(vector.raw_vector, 1, [row])]
                scores += [
                    score for _, score in index.keys.search_keys(vector.key_vector, 1, [row])
                ]
    assert len(scores) > len(FILES)
    return min(scores)
