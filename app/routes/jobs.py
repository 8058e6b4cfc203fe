"""`/jobs`: ingestion under way, its progress, and how to stop it."""

from collections.abc import AsyncIterator
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Request
from sse_starlette import ServerSentEvent
from starlette.responses import Response

from app.dependencies import JobId, Pools, ThePools, TheService
from app.errors import JobFinished, JobNotFound, RequestError
from app.event_stream import EventStream, event
from app.job_watch import job_changes
from app.problems import declared, problem_of
from app.schemas import CollectionName, JobReply, JobsReply, Limit, Offset
from app.service import Service
from ingestion.errors import CatalogUnavailable
from ingestion.store.stored import Job, JobState

router = APIRouter(prefix="/jobs")
_EVENTS_RESPONSE = {
    "description": "An event `job` now and at each change; the stream ends with the job.",
    "content": {"text/event-stream": {"schema": {"type": "string"}}},
}


@router.get("", responses=declared(421, 422, 503))
async def list_jobs(
    service: TheService,
    pools: ThePools,
    collection: Annotated[CollectionName | None, Query()] = None,
    state: JobState | None = None,
    offset: Offset = 0,
    limit: Limit = 50,
) -> JobsReply:
    """List jobs, newest first."""
    read = partial(service.catalog.jobs, collection, state, offset, limit)
    jobs, total = await pools.catalog.run(read)
    entries = [JobReply.model_validate(job) for job in jobs]
    return JobsReply(jobs=entries, total=total, offset=offset, limit=limit)


@router.get("/{job_id}", responses=declared(404, 421, 503))
async def read_job(job_id: JobId, service: TheService, pools: ThePools) -> JobReply:
    """Tell how far a job is."""
    return JobReply.model_validate(await _job(job_id, service, pools))


@router.delete("/{job_id}", responses=declared(403, 404, 409, 421, 503))
async def cancel_job(job_id: JobId, service: TheService, pools: ThePools) -> JobReply:
    """Cancel a job that has not ended. Doing it twice is no error."""
    cancelled = await pools.catalog.run(partial(service.catalog.cancel, job_id))
    job = await _job(job_id, service, pools)
    if not cancelled and job.state is not JobState.CANCELLED:
        raise JobFinished(job_id, job.state)
    return JobReply.model_validate(job)


@router.get(
    "/{job_id}/events",
    response_class=Response,
    responses={200: _EVENTS_RESPONSE, **declared(404, 421, 503)},
)
async def follow_job(
    job_id: JobId, request: Request, service: TheService, pools: ThePools
) -> Response:
    """Follow a job to its end by server-sent events."""
    await _job(job_id, service, pools)
    return EventStream(_events(job_id, request, service, pools), lambda: None)


async def _events(
    job_id: str, request: Request, service: Service, pools: Pools
) -> AsyncIterator[ServerSentEvent]:
    try:
        async for job in job_changes(service, pools, job_id):
            yield event("job", JobReply.model_validate(job))
    except (CatalogUnavailable, RequestError) as error:
        yield event("error", problem_of(error, request.scope)[0])


async def _job(job_id: str, service: Service, pools: Pools) -> Job:
    job = await pools.catalog.run(partial(service.catalog.job, job_id))
    if job is None:
        raise JobNotFound(job_id)
    return job
