"""What can go wrong with a document, as facts. `code` is stable; the message says what to do."""

from collections.abc import Mapping

from ingestion.media_names import plain_name, plain_names

PASSWORD_PLACE = "in the field `password`"
"""Where callers of the API put it. Programs with other words for it put theirs in its place."""


class IngestionError(Exception):
    """A document could not be taken in. `code` goes into the job's reason."""

    code = "ingestion_failed"


class UnsupportedMedia(IngestionError):
    """The bytes are of a kind that no installed parser reads."""

    code = "unsupported_media"

    def __init__(self, media_type: str, advice: str) -> None:
        super().__init__(f"No parser for {plain_names(media_type)}. {advice}")
        self.media_type = media_type
        self.advice = advice


class EmptyDocument(IngestionError):
    """The file holds no text that could be indexed."""

    code = "no_text"


class BrokenDocument(IngestionError):
    """The bytes claim a format but cannot be read as it."""

    code = "broken_document"

    def __init__(self, media_type: str, detail: str) -> None:
        super().__init__(
            f"This {plain_name(media_type)} cannot be read: {detail}. Save it anew and retry."
        )
        self.media_type = media_type


class PasswordRequired(IngestionError):
    """The document is locked."""

    code = "password_required"

    def __init__(self, *, takes_password: bool = False) -> None:
        advice = (
            f"Send it {PASSWORD_PLACE}."
            if takes_password
            else "Remove the protection and upload it again."
        )
        super().__init__(f"The document needs a password. {advice}")


class WrongPassword(IngestionError):
    """The document is locked, and the password that was sent with it is not the one."""

    code = "wrong_password"

    def __init__(self) -> None:
        super().__init__(
            f"The password does not open the document. Send the right one {PASSWORD_PLACE}."
        )


class DocumentTooLarge(IngestionError):
    """The file, or what it unpacks to, is over the limit."""

    code = "too_large"

    def __init__(self, size: int, limit: int, unit: str = "bytes", what: str = "document") -> None:
        super().__init__(f"The {what} has {size} {unit}; the limit is {limit}.")
        self.size = size
        self.limit = limit


class MissingExtra(IngestionError):
    """A parser's package is not installed."""

    code = "missing_extra"

    def __init__(self, extra: str, need: str) -> None:
        super().__init__(f"{need} needs an extra: pip install 'youju[{extra}]'")
        self.extra = extra


class ParserFailed(IngestionError):
    """What a parser in another process reports: the code and message of its error."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class QuotaExceeded(IngestionError):
    """The collection has no room for the file."""

    code = "quota_exceeded"

    def __init__(self, collection: str, unit: str, used: int, limit: int, needed: int) -> None:
        super().__init__(
            f"The collection {collection} holds {used} of at most {limit} {unit}, and the file "
            f"needs {needed} more. Delete documents, use another collection, or raise "
            f"YOUJU_COLLECTION_{unit.upper()}."
        )
        self.collection = collection
        self.unit = unit
        self.used = used
        self.limit = limit
        self.needed = needed


class SourceLost(IngestionError):
    """The stored bytes of an upload are gone or no longer what was uploaded."""

    code = "source_lost"

    def __init__(self, sha256: str) -> None:
        super().__init__(f"The stored file {sha256} is missing or damaged. Upload it again.")
        self.sha256 = sha256


class KeysNotWritten(Exception):
    """A generator worded no key information for a chunk. The document is taken in without it."""


class CatalogError(Exception):
    """The catalog could not do what was asked of it, and changed nothing."""


class InvalidSubmission(CatalogError):
    """A collection, file name or metadata that the catalog does not accept."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"The {field} {problem}.")
        self.field = field
        self.problem = problem


class NewerSchema(CatalogError):
    """The catalog was written by a newer version of this program."""

    def __init__(self, found: int, supported: int) -> None:
        super().__init__(
            f"The catalog has schema {found}; this version reads up to {supported}. Upgrade Youju."
        )
        self.found = found
        self.supported = supported


class CatalogUnavailable(CatalogError):
    """The database is locked, full, unreadable or away. Trying again later may help."""

    def __init__(self, detail: str) -> None:
        super().__init__(f"The catalog is unavailable: {detail}")
        self.detail = detail


class DataInUse(CatalogError):
    """The data directory cannot be replaced while a process works on it."""

    def __init__(self, folder: str) -> None:
        super().__init__(
            f"{folder} is in use by a running service, worker or command. Stop it and try again."
        )
        self.folder = folder


class OtherEncoder(CatalogError):
    """Documents have vectors that another encoder made; they do not compare with the present's.

    others: how many documents each encoder embedded, by its name; an empty one is not known.
    """

    code = "other_encoder"

    def __init__(self, encoder: str, others: Mapping[str, int]) -> None:
        told = ", ".join(f"{n} by {name or 'one that was not noted'}" for name, n in others.items())
        super().__init__(
            f"Documents were embedded by another encoder than {encoder}, which is set: {told}. "
            "Run `youju reembed`, or set YOUJU_ENCODER back (`bundled-plain` for the bundled model "
            "as published)."
        )
        self.encoder = encoder
        self.others = dict(others)


class DataNotEmpty(CatalogError):
    """A backup would take the place of documents that are there."""

    def __init__(self, folder: str) -> None:
        super().__init__(f"{folder} holds a catalog. Choose an empty YOUJU_DATA_DIR or --replace.")
        self.folder = folder


class NoCatalog(CatalogError):
    """There is no catalog where one was to be read."""

    def __init__(self, path: str) -> None:
        super().__init__(f"There is no catalog at {path}. Check YOUJU_DATA_DIR.")
        self.path = path


class BackupFailed(CatalogError):
    """A backup could not be written, or its content put in place; what was there is unchanged."""

    def __init__(self, detail: str) -> None:
        super().__init__(f"The backup failed: {detail}.")
        self.detail = detail


class BackupDamaged(CatalogError):
    """A file is not a whole, unchanged backup of this program."""

    def __init__(self, path: str, detail: str) -> None:
        super().__init__(f"{path} cannot be restored: {detail}. Nothing was changed.")
        self.path = path
        self.detail = detail


class LeaseLost(CatalogError):
    """The job was cancelled, deleted or given to another worker; nothing was committed."""

    def __init__(self, job_id: str) -> None:
        super().__init__(f"The job {job_id} is no longer this worker's.")
        self.job_id = job_id
