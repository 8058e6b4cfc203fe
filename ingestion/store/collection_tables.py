"""The catalog's tables of what each collection was fitted to, or is told about its words."""

import sqlalchemy as sa

from ingestion.store.metadata import UtcDateTime, metadata

tuned_weights = sa.Table(
    "tuned_weights",
    metadata,
    sa.Column("collection", sa.String(100), primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("weights", sa.JSON, nullable=False),
    sa.Column("report", sa.JSON, nullable=False),
    sa.Column("rolled_back", sa.Boolean, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
)

calibrations = sa.Table(
    "calibrations",
    metadata,
    sa.Column("collection", sa.String(100), primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("weights", sa.JSON, nullable=False),
    sa.Column("report", sa.JSON, nullable=False),
    sa.Column("rolled_back", sa.Boolean, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
)

synonyms = sa.Table(
    "synonyms",
    metadata,
    sa.Column("collection", sa.String(100), primary_key=True),
    sa.Column("word_groups", sa.JSON, nullable=False),
    sa.Column("updated_at", UtcDateTime, nullable=False),
)

NAMES = frozenset(table.name for table in (tuned_weights, calibrations, synonyms))
