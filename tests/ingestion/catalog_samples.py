"""Documents for tests of the catalog, and shorthands to bring them in."""

from pathlib import Path

import numpy as np

from ingestion.records import (
    Block,
    BlockKind,
    BoundingBox,
    Chunk,
    Document,
    DocumentSummary,
    IndexedChunk,
    IngestedDocument,
    KeyEntry,
    KeyKind,
)
from ingestion.store.catalog import Catalog
from ingestion.store.stored import Job, Submission

ROOT = Path(__file__).parents[2]
LEASE = 30.0
DIMENSION = 8
PARAGRAPHS = ("劳动合同期限三个月以上的，试用期不得超过一个月。", "Emoji 👩‍👩‍👧 count too.")


def ingested_document(*paragraphs: str, title: str = "样本") -> IngestedDocument:
    """Return a document with one chunk a paragraph."""
    paragraphs = paragraphs or PARAGRAPHS
    blocks: list[Block] = []
    start = 0
    for paragraph in paragraphs:
        box = BoundingBox(0.5, 1.0, 100.0, 20.0) if not blocks else None
        blocks.append(Block(BlockKind.PARAGRAPH, start, start + len(paragraph), 1, 0, box))
        start += len(paragraph) + 1
    text = "\n".join(paragraphs)
    document = Document(title, text, tuple(blocks), "zh", "text/plain", 1, ("一页没有文字。",))
    chunks = tuple(
        _indexed(ordinal, block, text[block.start : block.end])
        for ordinal, block in enumerate(blocks)
    )
    return IngestedDocument(document, DocumentSummary("摘要", ("试用期",), _vector(99)), chunks)


def submit(
    catalog: Catalog, name: str = "合同.txt", content: bytes = b"one", collection: str = "hr"
) -> Submission:
    """Upload without metadata."""
    return catalog.submit(collection, name, content, {})


def claim(catalog: Catalog, worker: str = "w1") -> Job:
    """Claim a job that must be there."""
    job = catalog.claim(worker, LEASE)
    assert job is not None
    return job


def add(
    catalog: Catalog,
    name: str = "合同.txt",
    content: bytes = b"one",
    collection: str = "hr",
    ingested: IngestedDocument | None = None,
    metadata: dict[str, str] | None = None,
) -> str:
    """Upload and commit a document; return its id."""
    submission = catalog.submit(collection, name, content, metadata or {})
    job = claim(catalog)
    assert job.job_id == submission.job_id
    catalog.commit_document(ingested or ingested_document(), job_id=job.job_id, worker="w1")
    return submission.document_id


def _indexed(ordinal: int, block: Block, text: str) -> IndexedChunk:
    path, coherence = ("第一章", "总则"), 0.25 if ordinal else None
    chunk = Chunk(ordinal, block.start, block.end, block.page, path, text, coherence)
    keys = (
        KeyEntry(KeyKind.HEADING, "总则", 0, 2),
        KeyEntry(KeyKind.KEYPHRASE, text[:3], block.start, block.start + 3),
    )
    vectors = _vector(ordinal), _vector(ordinal + 50)
    return IndexedChunk(chunk, keys, f"总则 {text[:3]}", *vectors)


def _vector(seed: int) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    vector = np.random.default_rng(seed).normal(size=DIMENSION).astype(np.float32)
    return vector / np.linalg.norm(vector)
