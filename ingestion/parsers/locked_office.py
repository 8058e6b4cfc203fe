"""Office files that a password locks: ECMA-376 packages within OLE, and DOC, XLS and PPT."""

import io
import struct

import olefile
from msoffcrypto.exceptions import DecryptionError, FileFormatError, InvalidKeyError, ParseError
from msoffcrypto.format.doc97 import Doc97File
from msoffcrypto.format.ooxml import OOXMLFile
from msoffcrypto.format.ppt97 import Ppt97File
from msoffcrypto.format.xls97 import Xls97File

from ingestion import media
from ingestion.errors import BrokenDocument, WrongPassword

DEFAULT_PASSWORD = "VelvetSweatshop"
"""What Excel locks a workbook with whose structure alone is protected; it opens without asking."""
_INFO = "EncryptionInfo"
_OLD = {
    "WordDocument": Doc97File,
    "Workbook": Xls97File,
    "PowerPoint Document": Ppt97File,
}
_DAMAGED = (
    DecryptionError,
    FileFormatError,
    ParseError,
    AssertionError,
    AttributeError,
    OSError,
    ValueError,
    LookupError,
    TypeError,
    struct.error,
)
"""What the libraries raise on headers that are not what they should be."""


def unlock_office(content: bytes, password: str) -> bytes:
    """Return the package in a locked Office file, or the DOC, XLS or PPT without its lock.

    Raises WrongPassword, or BrokenDocument, also for obfuscation that hides a DOC by XOR alone.
    """
    unlocked = io.BytesIO()
    try:
        old = _old_format(content)
        if old is None:
            _check_info(content)
            package = OOXMLFile(io.BytesIO(content))
            package.load_key(password=password, verify_password=True)
            package.decrypt(unlocked)
        else:
            file = old(io.BytesIO(content))
            file.load_key(password=password)
            file.decrypt(unlocked)
    except InvalidKeyError as exc:
        raise WrongPassword from exc
    except _DAMAGED as exc:
        raise BrokenDocument(media.OLE, "how it is locked is damaged or not known") from exc
    return unlocked.getvalue()


def _old_format(content: bytes) -> type | None:
    """Return what reads the format of a file older than packages, None for a package."""
    with olefile.OleFileIO(io.BytesIO(content)) as file:
        if file.exists(_INFO):
            return None
        return next((reader for name, reader in _OLD.items() if file.exists(name)), None)


def _check_info(content: bytes) -> None:
    """Refuse a header whose XML declares entities; no program writes one."""
    with olefile.OleFileIO(io.BytesIO(content)) as file, file.openstream(_INFO) as stream:
        # Without zeros: it might be UTF-16.
        if b"<!DOCTYPE" in stream.read().replace(b"\0", b""):
            raise ValueError(_INFO)
