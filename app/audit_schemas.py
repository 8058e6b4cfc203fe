"""The audit as HTTP and files carry it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from app.audit_replay import ReplayOutcome
from app.schemas import Reply


class AuditEntryReply(Reply):
    """A verdict or an erasure. texts: null where they were erased or never were."""

    sequence: int
    created_at: datetime
    trace_id: str
    collection: str
    action: str
    facts: Mapping[str, Any]
    texts: Mapping[str, Any] | None
    hash: str


class AuditReply(Reply):
    """A page of the audit, newest first."""

    entries: list[AuditEntryReply]
    total: int
    offset: int
    limit: int


class AuditHeadReply(Reply):
    """The newest entry; keep it elsewhere, and `youju audit verify --head` finds a cut-off end."""

    sequence: int
    hash: str


class ChainFlawReply(Reply):
    """What is wrong at an entry."""

    sequence: int
    detail: str


class ChainReply(Reply):
    """Whether the chain holds. flaws: the first of them."""

    valid: bool
    head: AuditHeadReply
    flaws: list[ChainFlawReply]


class ReplayReply(Reply):
    """A verdict played back: `same`, `differs` or `impossible`, and why.

    then: the verdict that was given; now: the one that the same words get from what was in force.
    """

    sequence: int
    trace_id: str
    outcome: ReplayOutcome
    reasons: list[str]
    notes: list[str]
    then: Mapping[str, Any] | None
    now: Mapping[str, Any] | None
