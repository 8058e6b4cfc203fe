"""`POST /ingest`: files in, jobs out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, Json, ValidationError

from app.dependencies import ThePools, TheService
from app.errors import (
    AllFilesRejected,
    Complaint,
    IngestionFailed,
    InvalidForm,
    RepeatedFileName,
)
from app.job_watch import wait_until_searchable
from app.problems import declared
from app.schemas import CollectionName, IngestedFile, IngestReply, MetadataValue, ShortText
from app.service import Service
from app.uploads import UploadedFile, UploadForm, clean_name, read_form
from ingestion.errors import IngestionError, InvalidSubmission
from ingestion.stored import Job, JobState, Submission

router = APIRouter()


class IngestFields(BaseModel):
    """The form's fields beside its files."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    collection: CollectionName | None = None
    metadata: Json[Annotated[dict[ShortText, MetadataValue], Field(max_length=64)]] = {}


@dataclass(frozen=True, slots=True)
class Rejected:
    """A file that was not taken in. `name` is fit to be shown."""

    name: str
    error: IngestionError | InvalidSubmission


@dataclass(frozen=True, slots=True)
class Accepted:
    """A file that was stored, or that was there before."""

    name: str
    submission: Submission


FORM_SCHEMA: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "additionalProperties": False,
                    "properties": {
                        "file": {
                            "type": "array",
                            "items": {"type": "string", "format": "binary"},
                            "description": "One file, or many under the same field name.",
                        },
                        "collection": {"type": "string", "maxLength": 64},
                        "metadata": {
                            "type": "string",
                            "description": "A flat JSON object of strings, kept with each file.",
                            "examples": ['{"author": "li"}'],
                        },
                    },
                }
            }
        },
    }
}
_SEARCHABLE = {"model": IngestReply, "description": "With `wait`: the files are searchable."}


@router.post(
    "/ingest",
    status_code=202,
    openapi_extra=FORM_SCHEMA,
    responses={200: _SEARCHABLE, **declared(400, 403, 413, 415, 421, 422, 503)},
)
async def ingest(
    request: Request,
    response: Response,
    service: TheService,
    pools: ThePools,
    wait: Annotated[bool, Query(description="Answer when the files are searchable.")] = False,
) -> IngestReply:
    """Take files in. Each becomes a job, whatever happens to the others.

    With `wait` the answer is 200 once searches see the files, a problem when none got there, and
    still 202 when it takes longer than ten minutes.
    """
    async with read_form(request, service.settings.max_upload_bytes) as form:
        fields = _fields(form)
        store = partial(_store, service, form, fields)
        outcomes = await pools.uploads.run(store)
    _raise_if_none_accepted(outcomes)
    ended: Mapping[str, Job] | None = None
    if wait:
        job_ids = set(_job_ids(outcomes))
        ended = await wait_until_searchable(service, pools, job_ids, request.is_disconnected)
    if ended is None:
        return IngestReply(documents=[_entry(outcome) for outcome in outcomes])
    entries = [_ended_entry(outcome, ended) for outcome in outcomes]
    _raise_if_none_searchable(entries)
    response.status_code = 200
    return IngestReply(documents=entries)


def _fields(form: UploadForm) -> IngestFields:
    try:
        return IngestFields.model_validate(dict(form.fields))
    except ValidationError as exc:
        complaints = [
            Complaint(("body", *entry["loc"]), entry["msg"])
            for entry in exc.errors(include_url=False, include_context=False, include_input=False)
        ]
        raise InvalidForm(complaints) from exc


def _store(service: Service, form: UploadForm, fields: IngestFields) -> list[Accepted | Rejected]:
    """Submit the files in order, one in memory at a time. Blocks."""
    collection = fields.collection or service.settings.default_collection
    outcomes: list[Accepted | Rejected] = []
    names: set[str] = set()
    for file in form.files:
        try:
            name = clean_name(file.name)
            if name in names:
                raise RepeatedFileName
            names.add(name)
            content = file.read()
            submission = service.catalog.submit(collection, name, content, fields.metadata)
            outcomes.append(Accepted(name, submission))
        except (IngestionError, InvalidSubmission) as error:
            outcomes.append(Rejected(_shown_name(file), error))
    return outcomes


def _shown_name(file: UploadedFile) -> str:
    return file.name.encode("utf-8", errors="replace").decode("utf-8")


def _raise_if_none_accepted(outcomes: Sequence[Accepted | Rejected]) -> None:
    rejected = [outcome for outcome in outcomes if isinstance(outcome, Rejected)]
    if len(rejected) < len(outcomes):
        return
    if len(rejected) == 1:
        raise rejected[0].error
    raise AllFilesRejected(
        [
            Complaint(("body", "file", position, item.name), str(item.error))
            for position, item in enumerate(rejected)
        ]
    )


def _raise_if_none_searchable(entries: Sequence[IngestedFile]) -> None:
    if any(entry.status in {"done", "duplicate"} for entry in entries):
        return
    if len(entries) == 1:
        entry = entries[0]
        raise IngestionFailed(entry.code or "ingestion_failed", entry.reason or "It failed.")
    raise AllFilesRejected(
        [
            Complaint(("body", "file", position, entry.name), entry.reason or entry.status)
            for position, entry in enumerate(entries)
        ]
    )


def _job_ids(outcomes: Sequence[Accepted | Rejected]) -> Iterator[str]:
    for outcome in outcomes:
        if isinstance(outcome, Accepted) and outcome.submission.job_id is not None:
            yield outcome.submission.job_id


def _entry(outcome: Accepted | Rejected) -> IngestedFile:
    if isinstance(outcome, Rejected):
        return IngestedFile(
            name=outcome.name,
            document_id=None,
            revision=None,
            job_id=None,
            status="rejected",
            code=getattr(outcome.error, "code", "invalid_request"),
            reason=str(outcome.error),
        )
    submission = outcome.submission
    return IngestedFile(
        name=outcome.name,
        document_id=submission.document_id,
        revision=submission.revision,
        job_id=submission.job_id,
        status=submission.status,
        duplicate_of=submission.duplicate_of,
    )


def _ended_entry(outcome: Accepted | Rejected, ended: Mapping[str, Job]) -> IngestedFile:
    """Return a file's entry with how its job ended."""
    entry = _entry(outcome)
    if entry.job_id is None:
        return entry
    job = ended.get(entry.job_id)
    if job is None:
        gone = {"status": "cancelled", "code": "deleted", "reason": "The document was deleted."}
        return entry.model_copy(update=gone)
    if job.state is JobState.DONE:
        # A duplicate stays told as one: its bytes were known, even if only just searchable.
        return entry if entry.status == "duplicate" else entry.model_copy(update={"status": "done"})
    failure = {"status": job.state.value, "code": job.reason_code, "reason": job.reason}
    return entry.model_copy(update=failure)
