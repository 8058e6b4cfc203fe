"""Follow jobs of ingestion to their end, and searches until they see what a job brought."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from functools import partial

from app.dependencies import Pools
from app.service import Service
from ingestion.store.stored import Job, JobState

FINAL = frozenset({JobState.DONE, JobState.FAILED, JobState.CANCELLED})
POLL_SECONDS = 0.2
WAIT_SECONDS = 600.0


async def job_changes(service: Service, pools: Pools, job_id: str) -> AsyncIterator[Job]:
    """Yield a job as it is now and at each change, up to its end or its deletion."""
    last: Job | None = None
    while True:
        job = await pools.catalog.run(partial(service.catalog.job, job_id))
        if job is None:
            return
        if job != last:
            yield job
            last = job
        if job.state in FINAL:
            return
        await asyncio.sleep(POLL_SECONDS)


async def wait_until_searchable(
    service: Service,
    pools: Pools,
    job_ids: Collection[str],
    gone: Callable[[], Awaitable[bool]],
) -> Mapping[str, Job] | None:
    """Return the ended jobs once searches see what they brought; a deleted job is left out.

    None when that takes over ten minutes, or when nobody waits any more (`gone`).
    """
    deadline = time.monotonic() + WAIT_SECONDS
    ended: dict[str, Job] = {}
    waiting = set(job_ids)
    while waiting:
        for job_id in tuple(waiting):
            job = await pools.catalog.run(partial(service.catalog.job, job_id))
            if job is None:
                waiting.discard(job_id)
            elif job.state in FINAL:
                waiting.discard(job_id)
                ended[job_id] = job
        if waiting and not await _patience(deadline, gone):
            return None
    target = await pools.catalog.run(service.catalog.last_sequence)
    while not await index_reaches(service, pools, target):
        if not await _patience(deadline, gone):
            return None
    return ended


async def index_reaches(service: Service, pools: Pools, sequence: int) -> bool:
    """Let the indexes follow the catalog; tell whether searches see that change by now."""
    await pools.index.run(service.refresh)
    readiness = await pools.index.run(service.readiness)
    return readiness.indexed_sequence >= sequence


async def _patience(deadline: float, gone: Callable[[], Awaitable[bool]]) -> bool:
    if time.monotonic() >= deadline or await gone():
        return False
    await asyncio.sleep(POLL_SECONDS)
    return True
