import io
import logging
import struct
from hashlib import md5

import olefile
import pytest
from docx import Document as Docx
from msoffcrypto.format.doc97 import Doc97File
from msoffcrypto.format.ooxml import OOXMLFile
from msoffcrypto.format.ppt97 import Ppt97File
from msoffcrypto.method.rc4 import DocumentRC4

from ingestion import media
from ingestion.errors import BrokenDocument, PasswordRequired, WrongPassword
from ingestion.parse import parse
from ingestion.parsers.locked_office import DEFAULT_PASSWORD, unlock_office
from ingestion.records import ParseOptions
from tests.ingestion.compound_samples import compound_file, workbook

SENTENCE = "试用期不得超过一个月。"


@pytest.fixture(scope="module")
def package() -> bytes:
    document = Docx()
    document.add_paragraph(SENTENCE)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


@pytest.fixture(scope="module")
def locked(package: bytes) -> bytes:
    out = io.BytesIO()
    OOXMLFile(io.BytesIO(package)).encrypt("密码 1", out)
    return out.getvalue()


def test_unlock_gives_the_package_byte_for_byte(package: bytes, locked: bytes) -> None:
    assert unlock_office(locked, "密码 1") == package


def test_parse_locked_document_with_its_password_reads_it(locked: bytes) -> None:
    document = parse(locked, "a.docx", ParseOptions(password="密码 1"))
    assert document.text == SENTENCE
    assert document.media_type.endswith("wordprocessingml.document")


def test_wrong_password_and_none_are_told_apart(locked: bytes) -> None:
    with pytest.raises(WrongPassword) as wrong:
        parse(locked, "a.docx", ParseOptions(password="opensesame"))
    assert "opensesame" not in str(wrong.value)
    assert wrong.value.code == "wrong_password"
    with pytest.raises(PasswordRequired, match="field `password`"):
        parse(locked, "a.docx")


def test_damaged_header_is_a_broken_document(locked: bytes) -> None:
    for old, new in ((b"<keyData", b"<keyDatA"), (b'spinCount="100000"', b'spinCount="9x0000"')):
        assert old in locked
        with pytest.raises(BrokenDocument):
            unlock_office(locked.replace(old, new), "密码 1")


@pytest.mark.parametrize("kept", [100, 600, 3000])
def test_document_that_breaks_off_is_broken(locked: bytes, kept: int) -> None:
    with pytest.raises((BrokenDocument, WrongPassword)):
        unlock_office(locked[:kept], "密码 1")


def test_header_that_declares_entities_is_refused(locked: bytes) -> None:
    with olefile.OleFileIO(io.BytesIO(locked)) as file, file.openstream("EncryptionInfo") as stream:
        start = stream.read()[8:60]
    hostile = locked.replace(start, b"<!DOCTYPE x [<!ENTITY a '1'>]>".ljust(len(start)))
    assert hostile != locked
    with pytest.raises(BrokenDocument):
        unlock_office(hostile, "密码 1")


def test_password_is_never_logged(locked: bytes, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG), pytest.raises(WrongPassword):
        unlock_office(locked, "opensesame")
    assert "opensesame" not in caplog.text
    assert "opensesame" not in repr(ParseOptions(password="opensesame"))


SALT = bytes(range(16))
BOUND_SHEET, IN_PLAIN = 0x0085, (0x0809, 0x002F)


def rc4(data: bytes, password: str) -> bytes:
    """Encrypt as old Excel does, with 40 bits; the same again decrypts."""
    return DocumentRC4.decrypt(password, SALT, io.BytesIO(data), blocksize=1024).read()


def locked_book(password: str) -> bytes:
    """Return a workbook of one sheet whose records, but for their heads, are encrypted."""
    with olefile.OleFileIO(io.BytesIO(workbook(Stock=[["marmot", 42]]))) as file:
        plain = file.openstream("Workbook").read()
    verifier = rc4(bytes(16) + md5(bytes(16)).digest(), password)
    info = struct.pack("<HHH", 1, 1, 1) + SALT + verifier
    begin = 4 + struct.unpack_from("<H", plain, 2)[0]
    lock = struct.pack("<HH", 0x002F, len(info)) + info
    plain = plain[:begin] + lock + plain[begin:]
    keys = rc4(bytes(len(plain)), password)
    stream, at = bytearray(), 0
    while (kind_and_size := struct.unpack_from("<HH", plain, at))[0]:
        kind, size = kind_and_size
        record = bytearray(plain[at : at + 4 + size])
        clear = 4 + (size if kind in IN_PLAIN else 4 if kind == BOUND_SHEET else 0)
        if kind == BOUND_SHEET:
            (start,) = struct.unpack_from("<I", record, 4)
            struct.pack_into("<I", record, 4, start + len(lock))
        for place in range(clear, 4 + size):
            record[place] ^= keys[at + place]
        stream += record
        at += 4 + size
    # What fills the last sector reads as empty records of four bytes.
    filling = -len(stream) % 4
    return compound_file(Workbook=bytes(stream) + struct.pack("<HH", 0, filling) + bytes(filling))


def test_old_workbook_locked_by_rc4_opens_with_its_password_alone() -> None:
    book = locked_book("密码 1")
    document = parse(book, "a.xls", ParseOptions(password="密码 1"))
    assert (document.text, document.media_type) == ("Stock\n\nmarmot | 42", media.XLS)
    with pytest.raises(WrongPassword):
        parse(book, "a.xls", ParseOptions(password="opensesame"))
    with pytest.raises(PasswordRequired, match="field `password`"):
        parse(book, "a.xls")


def test_old_workbook_locked_by_excels_own_password_opens_without_one() -> None:
    assert "marmot" in parse(locked_book(DEFAULT_PASSWORD), "a.xls").text


@pytest.mark.parametrize("stream", ["Workbook", "WordDocument", "PowerPoint_Document"])
def test_old_file_whose_lock_is_damaged_is_broken(stream: str) -> None:
    damaged = compound_file(**{stream: b"\x09\x08\0\0" + b"\x2f\0\xff\xff" + b"\x11" * 99})
    with pytest.raises(BrokenDocument):
        unlock_office(damaged, "opensesame")


def test_old_document_is_read_by_what_its_streams_name(monkeypatch) -> None:
    for name, kind in (("WordDocument", Doc97File), ("PowerPoint_Document", Ppt97File)):
        monkeypatch.setattr(kind, "__init__", lambda self, file: setattr(self, "file", file))
        monkeypatch.setattr(kind, "load_key", lambda self, password: setattr(self, "key", password))
        monkeypatch.setattr(kind, "decrypt", lambda self, out: out.write(self.key.encode()))
        assert unlock_office(compound_file(**{name: b"old"}), "open") == b"open"
