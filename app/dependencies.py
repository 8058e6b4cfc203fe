"""What routes are given: the service, the pools its calls run in, checked path ids."""

import re
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from app.admission import Admission
from app.errors import DocumentNotFound, JobNotFound, UnsupportedContentType
from app.service import Service
from app.settings import Settings

CATALOG_THREADS = 8
HEALTH_WAITING = 16
_IDENTIFIER = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class Pools:
    """Where blocking calls run. Each kind has its own threads, so none can starve another.

    models: searches and answers, refused when too many wait. uploads: files being stored, refused
    alike. catalog: short reads and writes. index: following the catalog, one at a time. health:
    probes.
    """

    models: Admission
    uploads: Admission
    catalog: Admission
    index: Admission
    health: Admission


def open_pools(settings: Settings) -> Pools:
    """Return the pools of a service."""
    return Pools(
        models=Admission(settings.parallel_requests, settings.waiting_requests),
        uploads=Admission(settings.parallel_requests, settings.waiting_requests),
        catalog=Admission(CATALOG_THREADS, None),
        index=Admission(1, None),
        health=Admission(1, HEALTH_WAITING),
    )


async def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


async def _pools(request: Request) -> Pools:
    pools: Pools = request.app.state.pools
    return pools


async def _trace_id(request: Request) -> str:
    trace_id: str = request.state.trace_id
    return trace_id


async def _document_id(document_id: str) -> str:
    if _IDENTIFIER.fullmatch(document_id) is None:
        raise DocumentNotFound(document_id)
    return document_id


async def _job_id(job_id: str) -> str:
    if _IDENTIFIER.fullmatch(job_id) is None:
        raise JobNotFound(job_id)
    return job_id


async def require_json(request: Request) -> None:
    """Pass JSON bodies. Raises UnsupportedContentType for everything else."""
    content_type = request.headers.get("content-type", "")
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type != "application/json" and not media_type.endswith("+json"):
        raise UnsupportedContentType(content_type, "application/json")


TheService = Annotated[Service, Depends(_service)]
ThePools = Annotated[Pools, Depends(_pools)]
TraceId = Annotated[str, Depends(_trace_id)]
DocumentId = Annotated[str, Depends(_document_id)]
JobId = Annotated[str, Depends(_job_id)]
