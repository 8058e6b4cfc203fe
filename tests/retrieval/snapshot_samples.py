"""Indexes with snapshots over a catalog in memory, and what searches of them find."""

from dataclasses import replace
from pathlib import Path

from ingestion.store.catalog import Catalog
from ingestion.store.index_files import IndexFiles
from retrieval.collections_index import CollectionsIndex
from retrieval.manifest import IndexIdentity
from retrieval.records import SearchRequest, SearchResult
from retrieval.search import Searcher
from retrieval.snapshots import Snapshots
from tests.ingestion.catalog_samples import ingested_document
from tests.retrieval.catalog_fake import DIMENSION, FakeCatalog, FakeEmbedder

IDENTITY = IndexIdentity("tiny", DIMENSION, "i1")
QUERIES = ["annual leave", "年假 规定", "taxi after nine", "subject7 words", "words"]


def followed(
    catalog: FakeCatalog, folder: Path, identity: IndexIdentity = IDENTITY
) -> CollectionsIndex:
    """Return indexes that took over what snapshots there are and follow the catalog."""
    files = IndexFiles(folder / "indexes")
    indexes = CollectionsIndex(catalog, identity.dimension, Snapshots(files, identity))
    indexes.load()
    return indexes


def indexed(catalog: Catalog) -> CollectionsIndex:
    """Return indexes of a real catalog of sample documents, with snapshots beside it."""
    identity = replace(IDENTITY, dimension=len(ingested_document("文。").summary.vector))
    indexes = CollectionsIndex(
        catalog, identity.dimension, Snapshots(catalog.index_files, identity)
    )
    indexes.load()
    return indexes


def lived_in() -> FakeCatalog:
    """Return a catalog of two collections with replaced and removed documents."""
    catalog = FakeCatalog()
    catalog.put("d1", "年假", ["旧的规定 年假 五天", "另一条 annual leave"])
    for number in range(70):
        catalog.put(f"s{number}", f"topic{number}", [f"subject{number} words", "words again"])
    catalog.put("d2", "expenses", ["taxis are paid after nine"])
    catalog.put("d3", "secret", ["taxi xyzzy"])
    catalog.put("o1", "other", ["annual leave elsewhere"], collection="other")
    catalog.put("d1", "年假", ["新的规定 年假 十天"])
    catalog.put("s7", "topic7", ["subject7 words revised"])
    catalog.remove("d3")
    catalog.remove("s11")
    return catalog


def found(indexes: CollectionsIndex, catalog: FakeCatalog, collection: str) -> list[SearchResult]:
    """Return all that searches find, to the last digit of every score, times left out."""
    searcher = Searcher(indexes, catalog, FakeEmbedder())
    results = [searcher.search(SearchRequest(query, collection, 20, None)) for query in QUERIES]
    return [SearchResult(result.passages, {}, result.documents) for result in results]


def on_disk(folder: Path) -> bytes:
    """Return everything below a folder: what a thief of the disk would read."""
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())
