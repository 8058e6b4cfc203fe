"""The package of an Office file: what is checked before anything in it is believed."""

import io
import posixpath
import re
import zipfile
from collections.abc import Mapping
from html import unescape
from typing import Protocol
from urllib.parse import unquote
from xml.parsers import expat

from ingestion import media
from ingestion.errors import BrokenDocument
from ingestion.parsers.package import check_size

UNREADABLE = (
    *media.UNREADABLE_ZIP,
    KeyError,
    IndexError,
    AttributeError,
    TypeError,
    SyntaxError,
)
"""What lxml and the libraries above it raise, besides their own errors, on a package that lacks or
garbles a part: lxml's XMLSyntaxError is a SyntaxError, a chain of a thousand parts ends in
RecursionError, a RuntimeError."""
# Expat looks an encoding that it does not know up in Python, and wants one of single bytes.
_TYPES, _RELATIONS = "[content_types].xml", "_rels/.rels"
# What a package may call its main part, besides what its kind is called.
_MAIN_TYPE = {
    media.DOCX: re.compile(
        rb"application/(?:vnd\.openxmlformats-officedocument\.wordprocessingml\.template"
        rb"|vnd\.ms-word\.\w+\.macroEnabled(?:Template)?)\.main\+xml",
        re.I,
    ),
    media.PPTX: re.compile(
        rb"application/(?:vnd\.openxmlformats-officedocument\.presentationml\.(?:template|slideshow)"
        rb"|vnd\.ms-powerpoint\.\w+\.macroEnabled)\.main\+xml",
        re.I,
    ),
    media.XLSX: re.compile(
        rb"application/(?:vnd\.openxmlformats-officedocument\.spreadsheetml\.template"
        rb"|vnd\.ms-excel\.\w+\.macroEnabled)\.main\+xml",
        re.I,
    ),
}
# ISO/IEC 29500 has other names for what the libraries know by ECMA-376's; the special ones first.
_STRICT = b"http://purl.oclc.org/ooxml/"
_SCHEMAS = b"http://schemas.openxmlformats.org/"
_TRANSITIONAL = (
    (
        _STRICT + b"officeDocument/relationships/metadata/core-properties",
        _SCHEMAS + b"package/2006/relationships/metadata/core-properties",
    ),
    *(
        (_STRICT + strict, _SCHEMAS + transitional)
        for strict, transitional in (
            (b"officeDocument/", b"officeDocument/2006/"),
            (b"wordprocessingml/", b"wordprocessingml/2006/"),
            (b"spreadsheetml/", b"spreadsheetml/2006/"),
            (b"presentationml/", b"presentationml/2006/"),
            (b"drawingml/", b"drawingml/2006/"),
            (b"schemaLibrary/", b"schemaLibrary/2006/"),
        )
    ),
)
_RELATION = re.compile(rb"<(?:\w+:)?Relationship\s[^<>]*>")
_TARGET = re.compile(rb"""\bTarget\s*=\s*["']([^"']*)["']""")
_NO_XML = (expat.ExpatError, LookupError, ValueError)


class Handler(Protocol):
    """What reads a part as it goes by; tags come without their prefix."""

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Take the start of an element."""

    def end(self, tag: str) -> None:
        """Take the end of an element."""

    def text(self, data: str) -> None:
        """Take text between tags."""


def checked_package(content: bytes, media_type: str) -> bytes:
    """Return a package that the libraries read, after refusing bombs before anything is unpacked.

    Bombs show by size, by ratio, by document type. Templates, files with macros and those that
    are strict to the standard come back as ordinary ones.

    Raises DocumentTooLarge as `package.check_size`, BrokenDocument where the package is damaged or
    a part is no XML or declares a document type.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            check_size(package, len(content))
            for member in package.namelist():
                if member.endswith((".xml", ".rels")):
                    _refuse_document_type(package, member, media_type)
            return _ordinary(content, package, media_type)
    except media.UNREADABLE_ZIP as exc:
        raise BrokenDocument(media_type, "the package is damaged") from exc


def scan_part(data: bytes, member: str, media_type: str, handler: Handler) -> None:
    """Show the XML of a part to the handler, element by element, in constant memory.

    Raises BrokenDocument where it is not XML or declares a document type.
    """

    def start(tag: str, attributes: dict[str, str]) -> None:
        handler.start(tag[tag.find(":") + 1 :], attributes)

    def end(tag: str) -> None:
        handler.end(tag[tag.find(":") + 1 :])

    parser = _refusing_parser(member, media_type)
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = handler.text
    try:
        parser.Parse(data, True)
    except _NO_XML as exc:
        raise BrokenDocument(media_type, f"{member} is not XML") from exc


def _ordinary(content: bytes, package: zipfile.ZipFile, media_type: str) -> bytes:
    """Return the content, or the package anew where the libraries know neither type nor names."""
    types = next((name for name in package.namelist() if name.lower() == _TYPES), "")
    declared = package.read(types) if types else b""
    plain = _MAIN_TYPE[media_type].sub(f"{media_type}.main+xml".encode(), declared)
    strict = any(
        _STRICT in package.read(name) for name in package.namelist() if name.lower() == _RELATIONS
    )
    loose = _loose_relations(package) if media_type == media.DOCX else {}
    if plain == declared and not strict and not loose:
        return content
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as rebuilt:
        for name in dict.fromkeys(package.namelist()):
            data = plain if name == types else loose.get(name) or package.read(name)
            if strict and name.endswith((".xml", ".rels")):
                for theirs, ours in _TRANSITIONAL:
                    data = data.replace(theirs, ours)
            rebuilt.writestr(name, data)
    return buffer.getvalue()


def _loose_relations(package: zipfile.ZipFile) -> dict[str, bytes]:
    """Return the relations of a package that lead nowhere, by part, as if they led outside it.

    python-docx loads all that is related within the package, and fails where it is not there.
    """
    parts, found = set(package.namelist()), {}
    for name in parts:
        folder, _, part = name.rpartition("_rels/")
        if not part.endswith(".rels") or not folder:
            continue

        def outside(relation: re.Match[bytes], folder: str = folder) -> bytes:
            target = _TARGET.search(relation[0])
            if target is None or b"TargetMode" in relation[0]:
                return relation[0]
            path = unquote(unescape(target[1].decode("utf-8", "replace")))
            if posixpath.normpath(posixpath.join("/", folder, path)).lstrip("/") in parts:
                return relation[0]
            return relation[0].replace(b"Target=", b'TargetMode="External" Target=', 1)

        relations = package.read(name)
        led = _RELATION.sub(outside, relations)
        if led != relations:
            found[name] = led
    return found


class _RootReached(Exception):
    """The prologue is over: no document type can follow."""


def _refuse_document_type(package: zipfile.ZipFile, member: str, media_type: str) -> None:
    def stop(*_: object) -> None:
        raise _RootReached

    parser = _refusing_parser(member, media_type)
    parser.StartElementHandler = stop
    try:
        with package.open(member) as part:
            parser.ParseFile(part)
    except _RootReached:
        return
    except _NO_XML as exc:
        raise BrokenDocument(media_type, f"{member} is not XML") from exc


def _refusing_parser(member: str, media_type: str) -> expat.XMLParserType:
    def refuse(*_: object) -> None:
        raise BrokenDocument(media_type, f"{member} declares a document type")

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = refuse
    return parser
