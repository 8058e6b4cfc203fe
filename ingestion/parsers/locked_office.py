"""Office files that a password locks (ECMA-376 packages encrypted within OLE): opened in memory."""

import io
import struct

import olefile
from msoffcrypto.exceptions import DecryptionError, FileFormatError, InvalidKeyError, ParseError
from msoffcrypto.format.ooxml import OOXMLFile

from ingestion import media
from ingestion.errors import BrokenDocument, WrongPassword

_INFO = "EncryptionInfo"
_DAMAGED = (
    DecryptionError,
    FileFormatError,
    ParseError,
    OSError,
    ValueError,
    LookupError,
    TypeError,
    struct.error,
)
"""What the libraries raise on headers that are not what they should be."""


def unlock_office(content: bytes, password: str) -> bytes:
    """Return the package in a locked Office file. Raises WrongPassword or BrokenDocument."""
    try:
        _check_info(content)
        locked = OOXMLFile(io.BytesIO(content))
        locked.load_key(password=password, verify_password=True)
        unlocked = io.BytesIO()
        locked.decrypt(unlocked)
    except InvalidKeyError as exc:
        raise WrongPassword from exc
    except _DAMAGED as exc:
        raise BrokenDocument(media.OLE, "how it is locked is damaged or not known") from exc
    return unlocked.getvalue()


def _check_info(content: bytes) -> None:
    """Refuse a header whose XML declares entities; no program writes one."""
    with olefile.OleFileIO(io.BytesIO(content)) as file, file.openstream(_INFO) as stream:
        # Without zeros: it might be UTF-16.
        if b"<!DOCTYPE" in stream.read().replace(b"\0", b""):
            raise ValueError(_INFO)
