"""From each schema of the catalog to the next. A step once released never changes."""

import sqlalchemy as sa

# STEPS[n - 1] leads from version n to n + 1, in words that SQLite and PostgreSQL share.
STEPS: tuple[tuple[str, ...], ...] = (
    (
        "ALTER TABLE jobs ADD COLUMN password TEXT",
        "CREATE INDEX ix_documents_usage ON documents (collection, size)",
    ),
    ("ALTER TABLE chunks ADD COLUMN coherence FLOAT",),
)


def upgrade(connection: sa.Connection, found: int) -> None:
    """Bring the tables from version `found` to the newest, inside the caller's transaction."""
    for step in STEPS[found - 1 :]:
        for statement in step:
            connection.execute(sa.text(statement))
