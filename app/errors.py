"""What can go wrong at the edge, as facts. `code` is stable; the message says what to do."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ingestion.errors import IngestionError

MOST_COMPLAINTS = 20


@dataclass(frozen=True, slots=True)
class Complaint:
    """One thing wrong with a request: where (as a path into it) and what."""

    loc: tuple[str | int, ...]
    msg: str
    code: str = ""


def validation_complaint(loc: Iterable[str | int], message: str) -> Complaint:
    """Return what pydantic found as a complaint: its own prefix tells a reader nothing."""
    return Complaint(tuple(loc), message.removeprefix("Value error, "))


class RequestError(Exception):
    """A request could not be served as it came."""

    code = "bad_request"


class DocumentNotFound(RequestError):
    """No searchable document has this id."""

    code = "document_not_found"

    def __init__(self, document_id: str) -> None:
        super().__init__("No searchable document has this id. GET /documents lists them all.")
        self.document_id = document_id


class AuditEntryNotFound(RequestError):
    """The audit has no entry of this number."""

    code = "audit_entry_not_found"

    def __init__(self, sequence: int) -> None:
        super().__init__("The audit has no entry of this number. GET /audit lists them all.")
        self.sequence = sequence


class ScriptNotFound(RequestError):
    """No script has this id."""

    code = "script_not_found"

    def __init__(self, script_id: str) -> None:
        super().__init__("No script has this id. GET /scripts lists them all.")
        self.script_id = script_id


class ScriptExists(RequestError):
    """A script has this id already, or says the same."""

    code = "script_exists"

    def __init__(self, script_id: str) -> None:
        super().__init__(f"The script {script_id} exists. PUT /scripts/{script_id} changes it.")
        self.script_id = script_id


class ScriptChanged(RequestError):
    """A script was edited by somebody else meanwhile."""

    code = "script_changed"

    def __init__(self, script_id: str) -> None:
        super().__init__("The script was changed meanwhile. Read it again and repeat the edit.")
        self.script_id = script_id


class RevisionNotFound(RequestError):
    """The document exists, that revision of it does not (any more)."""

    code = "revision_not_found"

    def __init__(self, document_id: str, revision: str) -> None:
        super().__init__("The document has changed since; that revision is no longer stored.")
        self.document_id = document_id
        self.revision = revision


class NothingExpected(RequestError):
    """The collection's indexes hold no such chunk or document."""

    code = "not_indexed"

    def __init__(self) -> None:
        super().__init__(
            "The collection holds no such chunk or document, or it is not searchable yet."
        )


class JobNotFound(RequestError):
    """No job has this id."""

    code = "job_not_found"

    def __init__(self, job_id: str) -> None:
        super().__init__("No job has this id. GET /jobs lists them all.")
        self.job_id = job_id


class JobFinished(RequestError):
    """A job that has ended cannot be cancelled."""

    code = "job_finished"

    def __init__(self, job_id: str, state: str) -> None:
        super().__init__(f"The job is {state} already; there is nothing left to cancel.")
        self.job_id = job_id
        self.state = state


class ModelNotFound(RequestError):
    """No collection that holds documents goes by this model name."""

    code = "model_not_found"

    def __init__(self, model: str) -> None:
        words = f"{model!r} does not exist. GET /v1/models lists them all."
        super().__init__(words)
        self.model = model
        self.complaints = (Complaint(("body", "model"), words),)


class UnsupportedContentType(RequestError):
    """The body is sent as something this call does not read."""

    code = "unsupported_content_type"

    def __init__(self, found: str, expected: str) -> None:
        super().__init__(f"Send the body as {expected}, not as {found or 'an unnamed type'}.")
        self.found = found
        self.expected = expected


class MalformedForm(RequestError):
    """The multipart body breaks off or is not one."""

    code = "malformed_form"


class InvalidForm(RequestError):
    """The form's fields are not what the call needs."""

    code = "invalid_request"

    def __init__(self, complaints: Sequence[Complaint]) -> None:
        # A body may be wrong in more places than an answer should hold.
        shown = tuple(complaints[:MOST_COMPLAINTS])
        more = len(complaints) - len(shown)
        said = [_said(complaint) for complaint in shown] + ([f"and {more} more"] if more else [])
        super().__init__("; ".join(said))
        self.complaints = shown


def _said(complaint: Complaint) -> str:
    """Return a complaint after the name of what it is about; the body as a whole needs none."""
    field = ".".join(map(str, complaint.loc[1:]))
    return f"{field}: {complaint.msg}" if field else complaint.msg


class UploadTooLarge(RequestError):
    """All files of one request together are over what a request may carry."""

    code = "request_too_large"

    def __init__(self, limit: int) -> None:
        super().__init__(f"One request carries at most {limit} bytes. Send fewer files at once.")
        self.limit = limit


class AllFilesRejected(RequestError):
    """None of several files was taken in."""

    code = "all_files_rejected"

    def __init__(self, complaints: Sequence[Complaint]) -> None:
        super().__init__("None of the files was taken in; `errors` says why for each.")
        self.complaints = tuple(complaints)


class IngestionFailed(RequestError):
    """The job that a request waited for did not end in a searchable document."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class HostNotAllowed(RequestError):
    """The Host header names a machine that this service is not."""

    code = "host_not_allowed"

    def __init__(self, host: str) -> None:
        super().__init__(
            "This service answers to loopback names and the configured host only. "
            "Set YOUJU_HOST to the name clients use, or to 0.0.0.0 behind a proxy."
        )
        self.host = host


class CrossSiteWrite(RequestError):
    """A page of another site tried to change something here."""

    code = "cross_site_request"

    def __init__(self, origin: str) -> None:
        super().__init__("Pages of other sites may not change anything here.")
        self.origin = origin


class Overloaded(RequestError):
    """All places are taken, also those to wait in."""

    code = "overloaded"

    def __init__(self, retry_after_seconds: int) -> None:
        super().__init__(f"Too many requests are waiting. Retry in {retry_after_seconds} seconds.")
        self.retry_after_seconds = retry_after_seconds


class AnswerIncomplete(RuntimeError):
    """The answering path ended without its DoneEvent: a defect, never the client's fault."""


class EmptyFile(IngestionError):
    """A file without a single byte."""

    code = "empty_file"

    def __init__(self) -> None:
        super().__init__("The file is empty.")


class InvalidFileName(IngestionError):
    """A file name that cannot be kept or shown safely."""

    code = "invalid_file_name"

    def __init__(self, problem: str) -> None:
        super().__init__(f"The file name {problem}. Rename the file and upload it again.")


class RepeatedFileName(IngestionError):
    """Two files of one request would be the same document."""

    code = "repeated_file_name"

    def __init__(self) -> None:
        super().__init__("Another file of this request has the same name. Rename one of them.")


class AddressUnavailable(Exception):
    """The service cannot listen where it should: the port is taken, or the host is not ours."""

    def __init__(self, host: str, port: int, detail: str) -> None:
        super().__init__(
            f"Cannot listen on {host} port {port}: {detail}. "
            "Choose another with YOUJU_HOST and YOUJU_PORT."
        )
        self.host = host
        self.port = port
