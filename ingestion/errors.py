"""What can go wrong with a document, as facts. `code` is stable; the message says what to do."""


class IngestionError(Exception):
    """A document could not be taken in. `code` goes into the job's reason."""

    code = "ingestion_failed"


class UnsupportedMedia(IngestionError):
    """The bytes are of a kind that no installed parser reads."""

    code = "unsupported_media"

    def __init__(self, media_type: str, advice: str) -> None:
        super().__init__(f"No parser for {media_type}. {advice}")
        self.media_type = media_type
        self.advice = advice


class EmptyDocument(IngestionError):
    """The file holds no text that could be indexed."""

    code = "no_text"


class BrokenDocument(IngestionError):
    """The bytes claim a format but cannot be read as it."""

    code = "broken_document"

    def __init__(self, media_type: str, detail: str) -> None:
        super().__init__(f"This {media_type} file cannot be read: {detail}. Save it anew and retry.")
        self.media_type = media_type


class PasswordRequired(IngestionError):
    """The document is locked."""

    code = "password_required"

    def __init__(self) -> None:
        super().__init__("The document needs a password. Remove the protection and upload it again.")


class DocumentTooLarge(IngestionError):
    """The file, or what it unpacks to, is over the limit."""

    code = "too_large"

    def __init__(self, size: int, limit: int) -> None:
        super().__init__(f"The document has {size} bytes; the limit is {limit}.")
        self.size = size
        self.limit = limit


class MissingExtra(IngestionError):
    """A parser's package is not installed."""

    code = "missing_extra"

    def __init__(self, extra: str, need: str) -> None:
        super().__init__(f"{need} needs an extra: pip install 'youju[{extra}]'")
        self.extra = extra
