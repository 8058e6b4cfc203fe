"""What a check of a data directory can find."""

from dataclasses import dataclass
from enum import StrEnum


class Flaw(StrEnum):
    """What is wrong. The values are what a user reads and a script may rely on."""

    DATABASE_DAMAGED = "database_damaged"
    REFERENCE_BROKEN = "reference_broken"
    DOCUMENT_INCOMPLETE = "document_incomplete"
    DOCUMENT_IDS_WRONG = "document_ids_wrong"
    BLOCKS_WRONG = "blocks_wrong"
    CHUNKS_WRONG = "chunks_wrong"
    BLOCK_NOT_COVERED = "block_not_covered"
    KEY_WRONG = "key_wrong"
    VECTOR_WRONG = "vector_wrong"
    ENCODERS_MIXED = "encoders_mixed"
    CHANGE_MISSING = "change_missing"
    CHANGE_WRONG = "change_wrong"
    COUNTER_BEHIND = "counter_behind"
    JOB_INCONSISTENT = "job_inconsistent"
    COLLECTION_UNKNOWN = "collection_unknown"
    SOURCE_MISSING = "source_missing"
    SOURCE_DAMAGED = "source_damaged"
    SOURCE_UNNAMED = "source_unnamed"
    STAGED_ABANDONED = "staged_abandoned"
    SCRIPT_WRONG = "script_wrong"
    POLICY_WRONG = "policy_wrong"
    RULES_WRONG = "rules_wrong"
    SESSION_WRONG = "session_wrong"
    AUDIT_BROKEN = "audit_broken"
    SNAPSHOT_WRONG = "snapshot_wrong"


# What every start-up mends by itself.
MENDED_AT_START = frozenset({Flaw.SOURCE_UNNAMED, Flaw.STAGED_ABANDONED, Flaw.SNAPSHOT_WRONG})


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong. subject: the id of a document, job or source, a table or encoder."""

    flaw: Flaw
    subject: str
    detail: str
