"""From each schema of the catalog to the next. A step once released never changes."""

import sqlalchemy as sa

# STEPS[n - 1] leads from version n to n + 1, in words that SQLite and PostgreSQL share.
STEPS: tuple[tuple[str, ...], ...] = (
    (
        "ALTER TABLE jobs ADD COLUMN password TEXT",
        "CREATE INDEX ix_documents_usage ON documents (collection, size)",
    ),
    ("ALTER TABLE chunks ADD COLUMN coherence FLOAT",),
    (
        (
            "CREATE TABLE scripts (script_id VARCHAR(64) NOT NULL PRIMARY KEY,"
            " collection VARCHAR(100) NOT NULL, language VARCHAR(8) NOT NULL,"
            " stage VARCHAR(64) NOT NULL, state VARCHAR(16) NOT NULL, version INTEGER NOT NULL,"
            " text TEXT NOT NULL, variants JSON NOT NULL, tags JSON NOT NULL, valid_from TIMESTAMP,"
            " valid_to TIMESTAMP, author VARCHAR(128) NOT NULL, created_at TIMESTAMP NOT NULL,"
            " updated_at TIMESTAMP NOT NULL)"
        ),
        "CREATE INDEX ix_scripts_list ON scripts (collection, stage, script_id)",
        (
            "CREATE TABLE script_versions (script_id VARCHAR(64) NOT NULL"
            " REFERENCES scripts (script_id) ON DELETE CASCADE, version INTEGER NOT NULL,"
            " content JSON NOT NULL, author VARCHAR(128) NOT NULL, created_at TIMESTAMP NOT NULL,"
            " PRIMARY KEY (script_id, version))"
        ),
        (
            "CREATE TABLE script_vectors (script_id VARCHAR(64) NOT NULL PRIMARY KEY"
            " REFERENCES scripts (script_id) ON DELETE CASCADE, version INTEGER NOT NULL,"
            " encoder VARCHAR(255) NOT NULL, vectors BLOB NOT NULL)"
        ),
        (
            "CREATE TABLE policies (collection VARCHAR(100) NOT NULL, version INTEGER NOT NULL,"
            " content JSON NOT NULL, author VARCHAR(128) NOT NULL, created_at TIMESTAMP NOT NULL,"
            " PRIMARY KEY (collection, version))"
        ),
        (
            "CREATE TABLE session_states (session_id VARCHAR(256) NOT NULL PRIMARY KEY,"
            " collection VARCHAR(100) NOT NULL, stage VARCHAR(64) NOT NULL, used JSON NOT NULL,"
            " fallbacks INTEGER NOT NULL)"
        ),
        "INSERT INTO counters (name, value) VALUES ('scripts', 0)",
    ),
    (
        (
            "CREATE TABLE rule_sets (collection VARCHAR(100) NOT NULL, version INTEGER NOT NULL,"
            " content TEXT NOT NULL, author VARCHAR(128) NOT NULL, created_at TIMESTAMP NOT NULL,"
            " PRIMARY KEY (collection, version))"
        ),
    ),
    (
        (
            "CREATE TABLE tuned_weights (collection VARCHAR(100) NOT NULL,"
            " version INTEGER NOT NULL, weights JSON NOT NULL, report JSON NOT NULL,"
            " rolled_back BOOLEAN NOT NULL, created_at TIMESTAMP NOT NULL,"
            " PRIMARY KEY (collection, version))"
        ),
    ),
    (
        (
            "CREATE TABLE audit_entries (sequence BIGINT NOT NULL PRIMARY KEY,"
            " created_at TIMESTAMP NOT NULL, trace_id VARCHAR(128) NOT NULL,"
            " collection VARCHAR(100) NOT NULL, action VARCHAR(16) NOT NULL,"
            " entry TEXT NOT NULL, hash VARCHAR(64) NOT NULL)"
        ),
        "CREATE INDEX ix_audit_trace ON audit_entries (trace_id, sequence)",
        "CREATE INDEX ix_audit_created ON audit_entries (created_at)",
        (
            "CREATE TABLE audit_texts (sequence BIGINT NOT NULL PRIMARY KEY,"
            " session_id VARCHAR(256) NOT NULL, salt VARCHAR(64) NOT NULL, texts TEXT NOT NULL)"
        ),
        "CREATE INDEX ix_audit_session ON audit_texts (session_id)",
        "INSERT INTO counters (name, value) VALUES ('audit', 0)",
    ),
    (
        "ALTER TABLE documents ADD COLUMN encoder TEXT NOT NULL DEFAULT ''",
        "CREATE INDEX ix_documents_encoder ON documents (encoder)",
    ),
    (
        (
            "CREATE TABLE calibrations (collection VARCHAR(100) NOT NULL,"
            " version INTEGER NOT NULL, weights JSON NOT NULL, report JSON NOT NULL,"
            " rolled_back BOOLEAN NOT NULL, created_at TIMESTAMP NOT NULL,"
            " PRIMARY KEY (collection, version))"
        ),
    ),
    (
        (
            "CREATE TABLE synonyms (collection VARCHAR(100) NOT NULL PRIMARY KEY,"
            " word_groups JSON NOT NULL, updated_at TIMESTAMP NOT NULL)"
        ),
    ),
)


def upgrade(connection: sa.Connection, found: int) -> None:
    """Bring the tables from version `found` to the newest, inside the caller's transaction."""
    for step in STEPS[found - 1 :]:
        for statement in step:
            connection.execute(sa.text(statement))
