"""`/audit`: what compliance decided about every text, and whether that record is whole."""

from datetime import datetime
from functools import partial
from itertools import islice
from typing import Annotated

from fastapi import APIRouter, Path, Query

from app.audit_schemas import (
    AuditEntryReply,
    AuditHeadReply,
    AuditReply,
    ChainFlawReply,
    ChainReply,
    ReplayReply,
)
from app.dependencies import ThePools, TheService
from app.errors import AuditEntryNotFound
from app.problems import declared
from app.schemas import CollectionName, Limit, Offset, ShortText
from ingestion.store.audit import AuditFilter

router = APIRouter(prefix="/audit")
SHOWN_FLAWS = 100
Sequence = Annotated[int, Path(ge=1, le=2**63 - 1)]


@router.get("", responses=declared(421, 422, 503))
async def list_audit(
    service: TheService,
    pools: ThePools,
    trace_id: Annotated[ShortText | None, Query()] = None,
    collection: Annotated[CollectionName | None, Query()] = None,
    action: Annotated[ShortText | None, Query()] = None,
    since: Annotated[datetime | None, Query()] = None,
    until: Annotated[datetime | None, Query(description="Excluded.")] = None,
    offset: Offset = 0,
    limit: Limit = 50,
) -> AuditReply:
    """List what was decided, newest first."""
    wanted = AuditFilter(trace_id, collection, action, since, until)
    read = partial(service.catalog.audit.listed, wanted, offset, limit)
    found, total = await pools.catalog.run(read)
    entries = [AuditEntryReply.model_validate(entry) for entry in found]
    return AuditReply(entries=entries, total=total, offset=offset, limit=limit)


@router.get("/head", responses=declared(421, 503))
async def read_head(service: TheService, pools: ThePools) -> AuditHeadReply:
    """Tell the newest entry's number and hash, to be kept elsewhere."""
    head = await pools.catalog.run(service.catalog.audit.head)
    return AuditHeadReply.model_validate(head)


@router.get("/verify", responses=declared(421, 503))
async def verify_audit(service: TheService, pools: ThePools) -> ChainReply:
    """Check the whole chain. Takes longer the longer it is."""
    audit = service.catalog.audit

    def check() -> ChainReply:
        head = AuditHeadReply.model_validate(audit.head())
        flaws = [
            ChainFlawReply.model_validate(flaw) for flaw in islice(audit.verify(), SHOWN_FLAWS)
        ]
        return ChainReply(valid=not flaws, head=head, flaws=flaws)

    # One at a time, like the other long look at the catalog.
    return await pools.index.run(check)


@router.get("/{sequence}", responses=declared(404, 421, 422, 503))
async def read_entry(sequence: Sequence, service: TheService, pools: ThePools) -> AuditEntryReply:
    """Tell all about one entry."""
    entry = await pools.catalog.run(partial(service.catalog.audit.entry, sequence))
    if entry is None:
        raise AuditEntryNotFound(sequence)
    return AuditEntryReply.model_validate(entry)


@router.get("/{sequence}/replay", responses=declared(404, 421, 422, 503))
async def replay_entry(sequence: Sequence, service: TheService, pools: ThePools) -> ReplayReply:
    """Judge an entry's words anew by the rules, scripts and policy of then, and compare."""
    replay = await pools.models.run(partial(service.replay, sequence))
    if replay is None:
        raise AuditEntryNotFound(sequence)
    return ReplayReply.model_validate(replay)
