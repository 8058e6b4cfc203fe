import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa

from ingestion.errors import CatalogUnavailable
from ingestion.store import schema
from ingestion.store.catalog import Catalog
from ingestion.store.migrations import STEPS
from ingestion.store.quotas import CollectionUsage
from ingestion.store.stored import JobState
from tests.ingestion.catalog_samples import claim, ingested_document, submit

VERSION_1 = """
CREATE TABLE schema_version (
    version INTEGER NOT NULL
);
CREATE TABLE counters (
    name VARCHAR(16) NOT NULL, value BIGINT NOT NULL, PRIMARY KEY (name)
);
CREATE TABLE collections (
    collection VARCHAR(100) NOT NULL, served BIGINT NOT NULL, PRIMARY KEY (collection)
);
CREATE TABLE documents (
    document_id VARCHAR(32) NOT NULL, collection VARCHAR(100) NOT NULL, name VARCHAR(255) NOT
    NULL, title TEXT NOT NULL, revision VARCHAR(16) NOT NULL, sha256 VARCHAR(64) NOT NULL, size
    BIGINT NOT NULL, language VARCHAR(8) NOT NULL, media_type VARCHAR(255) NOT NULL, page_count
    INTEGER, metadata JSON NOT NULL, summary TEXT NOT NULL, keyphrases JSON NOT NULL, warnings
    JSON NOT NULL, chunk_count INTEGER NOT NULL, created_at DATETIME NOT NULL, updated_at
    DATETIME NOT NULL, PRIMARY KEY (document_id)
);
CREATE INDEX ix_documents_sha256 ON documents (sha256);
CREATE INDEX ix_documents_created ON documents (created_at, document_id);
CREATE INDEX ix_documents_collection ON documents (collection, created_at, document_id);
CREATE TABLE changes (
    document_id VARCHAR(32) NOT NULL, sequence BIGINT NOT NULL, collection VARCHAR(100) NOT
    NULL, kind VARCHAR(8) NOT NULL, PRIMARY KEY (document_id), UNIQUE (sequence)
);
CREATE TABLE jobs (
    job_id VARCHAR(32) NOT NULL, sequence BIGINT NOT NULL, document_id VARCHAR(32) NOT NULL,
    revision VARCHAR(16) NOT NULL, collection VARCHAR(100) NOT NULL, name VARCHAR(255) NOT NULL,
    sha256 VARCHAR(64) NOT NULL, size BIGINT NOT NULL, metadata JSON NOT NULL, state VARCHAR(16)
    NOT NULL, stage VARCHAR(64) NOT NULL, progress FLOAT NOT NULL, eta_seconds FLOAT,
    reason_code VARCHAR(64), reason TEXT, attempts INTEGER NOT NULL, worker VARCHAR(255),
    lease_until DATETIME, created_at DATETIME NOT NULL, started_at DATETIME, finished_at
    DATETIME, PRIMARY KEY (job_id), UNIQUE (sequence)
);
CREATE INDEX ix_jobs_document ON jobs (document_id, sequence);
CREATE UNIQUE INDEX ux_jobs_active ON jobs (document_id) WHERE state IN ('queued', 'running');
CREATE INDEX ix_jobs_ready ON jobs (state, collection, sequence);
CREATE TABLE turns (
    sequence BIGINT NOT NULL, session_id VARCHAR(128) NOT NULL, collection VARCHAR(100) NOT
    NULL, role VARCHAR(16) NOT NULL, content TEXT NOT NULL, created_at DATETIME NOT NULL,
    PRIMARY KEY (sequence)
);
CREATE INDEX ix_turns_session ON turns (session_id, sequence);
CREATE TABLE document_bodies (
    document_id VARCHAR(32) NOT NULL, summary_vector BLOB NOT NULL, text TEXT NOT NULL, blocks
    JSON NOT NULL, PRIMARY KEY (document_id), FOREIGN KEY(document_id) REFERENCES documents
    (document_id) ON DELETE CASCADE
);
CREATE TABLE chunks (
    chunk_id VARCHAR(32) NOT NULL, document_id VARCHAR(32) NOT NULL, revision VARCHAR(16) NOT
    NULL, ordinal INTEGER NOT NULL, span_start INTEGER NOT NULL, span_end INTEGER NOT NULL, page
    INTEGER, heading_path JSON NOT NULL, text TEXT NOT NULL, key_entries JSON NOT NULL, PRIMARY
    KEY (chunk_id), FOREIGN KEY(document_id) REFERENCES documents (document_id) ON DELETE
    CASCADE
);
CREATE UNIQUE INDEX ix_chunks_document ON chunks (document_id, ordinal);
CREATE TABLE chunk_index (
    chunk_id VARCHAR(32) NOT NULL, key_text TEXT NOT NULL, raw_vector BLOB NOT NULL, key_vector
    BLOB NOT NULL, PRIMARY KEY (chunk_id), FOREIGN KEY(chunk_id) REFERENCES chunks (chunk_id) ON
    DELETE CASCADE
);
INSERT INTO schema_version VALUES (1);
INSERT INTO counters VALUES ('changes', 1), ('jobs', 2), ('served', 1), ('turns', 0);
INSERT INTO collections VALUES ('hr', 1);
INSERT INTO documents VALUES (
    'd1', 'hr', '合同.txt', '合同', 'r1', 's1', 7, 'zh', 'text/plain', NULL, '{"a":"b"}', '摘要',
    '[]', '[]', 1, '2030-01-01 00:00:00', '2030-01-01 00:00:00'
);
INSERT INTO document_bodies VALUES ('d1', x'', '文本', '[]');
INSERT INTO chunks VALUES ('c1', 'd1', 'r1', 0, 0, 2, NULL, '[]', '文本', '[]');
INSERT INTO changes VALUES ('d1', 1, 'hr', 'added');
INSERT INTO jobs VALUES (
    'j1', 1, 'd1', 'r1', 'hr', '合同.txt', 's1', 7, '{}', 'done', 'done', 1.0, NULL, NULL, NULL, 1,
    NULL, NULL, '2030-01-01 00:00:00', NULL, NULL
), (
    'j2', 2, 'd2', 'r2', 'hr', '二.txt', 's2', 9, '{}', 'queued', 'queued', 0.0, NULL, NULL, NULL,
    0, NULL, NULL, '2030-01-01 00:00:00', NULL, NULL
);
"""
# As the program of that version left it, whether it made the file or brought it up to date.
VERSION_2 = f"""{VERSION_1}
ALTER TABLE jobs ADD COLUMN password TEXT;
CREATE INDEX ix_documents_usage ON documents (collection, size);
UPDATE schema_version SET version = 2;
"""
VERSION_3 = f"""{VERSION_2}
ALTER TABLE chunks ADD COLUMN coherence FLOAT;
UPDATE schema_version SET version = 3;
"""
VERSION_4 = VERSION_3 + ";\n".join(STEPS[2]) + ";\nUPDATE schema_version SET version = 4;\n"
VERSION_5 = VERSION_4 + ";\n".join(STEPS[3]) + ";\nUPDATE schema_version SET version = 5;\n"
VERSION_6 = VERSION_5 + ";\n".join(STEPS[4]) + ";\nUPDATE schema_version SET version = 6;\n"
VERSION_7 = VERSION_6 + ";\n".join(STEPS[5]) + ";\nUPDATE schema_version SET version = 7;\n"
VERSION_8 = VERSION_7 + ";\n".join(STEPS[6]) + ";\nUPDATE schema_version SET version = 8;\n"
VERSION_9 = VERSION_8 + ";\n".join(STEPS[7]) + ";\nUPDATE schema_version SET version = 9;\n"
EARLIER = {
    "1": VERSION_1,
    "2": VERSION_2,
    "3": VERSION_3,
    "4": VERSION_4,
    "5": VERSION_5,
    "6": VERSION_6,
    "7": VERSION_7,
    "8": VERSION_8,
    "9": VERSION_9,
}
of_every_version = pytest.mark.parametrize("script", EARLIER.values(), ids=EARLIER.keys())


def old_catalog(path: Path, script: str) -> Path:
    database = sqlite3.connect(path)
    database.executescript(script)
    database.close()
    return path


@of_every_version
def test_upgrade_loses_nothing_and_works_on(tmp_path: Path, script: str) -> None:
    catalog = Catalog(old_catalog(tmp_path / "catalog.sqlite", script), encoder="e5")
    assert catalog.embeddings.counts() == {"": 1}
    document = catalog.document("d1")
    assert document is not None
    assert (document.name, document.metadata, document.size) == ("合同.txt", {"a": "b"}, 7)
    assert catalog.text("d1", "r1") == "文本"
    ((chunk,), _) = catalog.chunks("d1")
    assert (chunk.text, chunk.coherence) == ("文本", None)
    assert catalog.usage() == [CollectionUsage("hr", 1, 1, 16, 1)]
    assert [job.job_id for job in catalog.jobs("hr")[0]] == ["j2", "j1"]
    assert claim(catalog).job_id == "j2"
    assert catalog.job_password("j2") == ""
    catalog.commit_document(ingested_document(), job_id="j2", worker="w1")
    submission = catalog.submit("hr", "三.txt", b"three", {}, "secret")
    assert catalog.job_password(str(submission.job_id)) == "secret"
    assert catalog.documents("hr")[1] == 2
    assert [chunk.coherence for chunk in catalog.chunks("d2")[0]] == [None, 0.25]
    assert catalog.embeddings.counts() == {"": 1, "e5": 1}
    catalog.close()


@of_every_version
def test_upgraded_tables_are_those_of_a_new_catalog(tmp_path: Path, script: str) -> None:
    shapes = []
    for path in (old_catalog(tmp_path / "old.sqlite", script), tmp_path / "new.sqlite"):
        engine = schema.open_engine(path)
        found = sa.inspect(engine)
        shapes.append(
            {
                table: (
                    {column["name"] for column in found.get_columns(table)},
                    {index["name"] for index in found.get_indexes(table)},
                )
                for table in found.get_table_names()
            }
        )
        engine.dispose()
    assert shapes[0] == shapes[1]
    assert len(STEPS) == len(EARLIER) == schema.SCHEMA_VERSION - 1


def test_upgrade_that_fails_midway_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = old_catalog(tmp_path / "catalog.sqlite", VERSION_1)
    with monkeypatch.context() as patch:
        patch.setattr(
            "ingestion.store.migrations.STEPS", ((STEPS[0][0], "ALTER TABLE none ADD x TEXT"),)
        )
        with pytest.raises(CatalogUnavailable, match="no such table"):
            schema.open_engine(path)
    database = sqlite3.connect(path)
    assert database.execute("SELECT version FROM schema_version").fetchone() == (1,)
    assert "password" not in str(database.execute("PRAGMA table_info(jobs)").fetchall())
    database.close()
    catalog = Catalog(path)
    assert catalog.jobs("hr", JobState.QUEUED)[1] == 1
    assert submit(catalog).status == "queued"
    catalog.close()
