"""The catalog's tables of scripts, policies, rules and the state of conversations."""

import sqlalchemy as sa

from ingestion.store.metadata import UtcDateTime, metadata

scripts = sa.Table(
    "scripts",
    metadata,
    sa.Column("script_id", sa.String(64), primary_key=True),
    # Empty: of every collection.
    sa.Column("collection", sa.String(100), nullable=False),
    sa.Column("language", sa.String(8), nullable=False),
    sa.Column("stage", sa.String(64), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("variants", sa.JSON, nullable=False),
    sa.Column("tags", sa.JSON, nullable=False),
    sa.Column("valid_from", UtcDateTime),
    sa.Column("valid_to", UtcDateTime),
    sa.Column("author", sa.String(128), nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("updated_at", UtcDateTime, nullable=False),
    sa.Index("ix_scripts_list", "collection", "stage", "script_id"),
)

script_versions = sa.Table(
    "script_versions",
    metadata,
    sa.Column(
        "script_id",
        sa.String(64),
        sa.ForeignKey("scripts.script_id", ondelete="CASCADE"),
        primary_key=True,
    ),
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("content", sa.JSON, nullable=False),
    sa.Column("author", sa.String(128), nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
)

# What embedding a script gave: derived, kept because it takes long to make anew.
script_vectors = sa.Table(
    "script_vectors",
    metadata,
    sa.Column(
        "script_id",
        sa.String(64),
        sa.ForeignKey("scripts.script_id", ondelete="CASCADE"),
        primary_key=True,
    ),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("encoder", sa.String(255), nullable=False),
    sa.Column("vectors", sa.LargeBinary, nullable=False),
)

policies = sa.Table(
    "policies",
    metadata,
    sa.Column("collection", sa.String(100), primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("content", sa.JSON, nullable=False),
    sa.Column("author", sa.String(128), nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
)

rule_sets = sa.Table(
    "rule_sets",
    metadata,
    sa.Column("collection", sa.String(100), primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("content", sa.Text, nullable=False),
    sa.Column("author", sa.String(128), nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
)

session_states = sa.Table(
    "session_states",
    metadata,
    sa.Column("session_id", sa.String(256), primary_key=True),
    sa.Column("collection", sa.String(100), nullable=False),
    sa.Column("stage", sa.String(64), nullable=False),
    sa.Column("used", sa.JSON, nullable=False),
    sa.Column("fallbacks", sa.Integer, nullable=False),
)

NAMES = frozenset(
    table.name
    for table in (scripts, script_versions, script_vectors, policies, rule_sets, session_states)
)
