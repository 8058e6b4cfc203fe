"""`POST /ingest`: files in, jobs out."""

from collections.abc import Iterator, Mapping, Sequence
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
    validation_complaint,
)
from app.file_names import clean_name
from app.job_watch import wait_until_searchable
from app.problems import declared
from app.schemas import CollectionName, IngestedFile, IngestReply, MetadataValue, ShortText
from app.service import Service
from app.submission import Accepted, Offered, Rejected, Target, offered_files, submit_files
from app.uploads import UploadedFile, UploadForm, read_form
from ingestion.errors import IngestionError
from ingestion.store.stored import Job, JobState
from ingestion.store.uploads import MAX_PASSWORD

router = APIRouter()


class IngestFields(BaseModel):
    """The form's fields beside its files."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    collection: CollectionName | None = None
    metadata: Json[Annotated[dict[ShortText, MetadataValue], Field(max_length=64)]] = {}
    password: Annotated[str, Field(max_length=MAX_PASSWORD, repr=False)] = ""


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
                            "description": "One file, or many under the same field name. "
                            "A ZIP archive stands for the files in it.",
                        },
                        "collection": {"type": "string", "maxLength": 64},
                        "metadata": {
                            "type": "string",
                            "description": "A flat JSON object of strings, kept with each file.",
                            "examples": ['{"author": "li"}'],
                        },
                        "password": {
                            "type": "string",
                            "format": "password",
                            "maxLength": MAX_PASSWORD,
                            "description": "Opens locked files; forgotten when their jobs end.",
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
            validation_complaint(("body", *entry["loc"]), entry["msg"])
            for entry in exc.errors(include_url=False, include_context=False, include_input=False)
        ]
        raise InvalidForm(complaints) from exc


def _store(service: Service, form: UploadForm, fields: IngestFields) -> list[Accepted | Rejected]:
    """Submit the files in order, a few in memory at a time. Blocks."""
    settings = service.settings
    collection = fields.collection or settings.default_collection
    target = Target(collection, fields.metadata, fields.password, settings.max_upload_bytes)
    return list(submit_files(service.catalog, _offered(form, target), target))


def _offered(form: UploadForm, target: Target) -> Iterator[Offered | Rejected]:
    taken: set[str] = set()
    for file in form.files:
        try:
            name, content = clean_name(file.name), file.opened()
        except IngestionError as error:
            yield Rejected(_shown_name(file), error)
            continue
        yield from offered_files(name, content, target, taken)


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
            Complaint(("body", "file", position, item.name), str(item.error), _code_of(item))
            for position, item in enumerate(rejected)
        ]
    )


def _code_of(rejected: Rejected) -> str:
    return str(getattr(rejected.error, "code", "invalid_request"))


def _raise_if_none_searchable(entries: Sequence[IngestedFile]) -> None:
    if any(entry.status in {"done", "duplicate"} for entry in entries):
        return
    if len(entries) == 1:
        entry = entries[0]
        raise IngestionFailed(entry.code or "ingestion_failed", entry.reason or "It failed.")
    raise AllFilesRejected(
        [
            Complaint(
                ("body", "file", position, entry.name),
                entry.reason or entry.status,
                entry.code or "",
            )
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
            code=_code_of(outcome),
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
