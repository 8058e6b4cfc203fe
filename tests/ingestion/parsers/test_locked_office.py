import io
import logging

import olefile
import pytest
from docx import Document as Docx
from msoffcrypto.format.ooxml import OOXMLFile

from ingestion.errors import BrokenDocument, PasswordRequired, WrongPassword
from ingestion.parse import parse
from ingestion.parsers.locked_office import unlock_office
from ingestion.records import ParseOptions

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
