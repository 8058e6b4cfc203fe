"""Zip packages of XML (ODT, EPUB): read from memory, in bounds, without following anything."""

import io
import zipfile
from typing import NoReturn
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from ingestion import media
from ingestion.errors import BrokenDocument, DocumentTooLarge, PasswordRequired

LARGEST_UNPACKED = 1 << 30
"""Bytes that a package may unpack to."""
LARGEST_XML = 64 << 20
"""Bytes that one part may have where it is read as a tree."""
DEEPEST_XML = 150
"""Elements within each other; parsers walk a tree by recursion."""
MOST_ELEMENTS = 2_000_000
_LARGEST_RATIO = 200
_RATIO_MATTERS = 64 << 20
_ENCRYPTED = 1


class Package:
    """The parts of one package, by name.

    Raises BrokenDocument where it is no package, DocumentTooLarge where it would unpack to more
    than LARGEST_UNPACKED bytes or far more than it has.
    """

    def __init__(self, content: bytes, media_type: str) -> None:
        self._media_type = media_type
        try:
            self._archive = zipfile.ZipFile(io.BytesIO(content))
        except media.UNREADABLE_ZIP as exc:
            raise self.broken("the package is damaged") from exc
        check_size(self._archive, len(content))

    def __contains__(self, part: str) -> bool:
        return part in self._archive.NameToInfo

    def read(self, part: str) -> bytes:
        """Return the bytes of a part. Raises BrokenDocument or PasswordRequired."""
        member = self._archive.NameToInfo.get(part)
        if member is None:
            raise self.broken(f"the package lacks {part}")
        if member.flag_bits & _ENCRYPTED:
            raise PasswordRequired
        try:
            return self._archive.read(member)
        except media.UNREADABLE_ZIP as exc:
            raise self.broken(f"{part} is damaged") from exc

    def xml(self, part: str) -> Element:
        """Return the root of an XML part.

        Raises BrokenDocument where it is no XML, declares entities, or is too large, too deep or
        too finely divided to be walked.
        """
        content = self.read(part)
        if len(content) > LARGEST_XML:
            raise DocumentTooLarge(len(content), LARGEST_XML)
        try:
            return _Tree(self, part).parsed(content)
        except (expat.ExpatError, ValueError, LookupError) as exc:
            # ValueError and LookupError come from encodings that expat does not know.
            raise self.broken(f"{part} is not XML") from exc

    def broken(self, detail: str) -> BrokenDocument:
        """Return the error that says what is wrong with this package."""
        return BrokenDocument(self._media_type, detail)


def check_size(archive: zipfile.ZipFile, packed: int) -> None:
    """Refuse a bomb by what its directory says. packed: the package's own bytes.

    Raises DocumentTooLarge over LARGEST_UNPACKED bytes or a ratio that no document reaches.
    """
    unpacked = sum(member.file_size for member in archive.infolist())
    limit = min(LARGEST_UNPACKED, max(_RATIO_MATTERS, _LARGEST_RATIO * packed))
    if unpacked > limit:
        raise DocumentTooLarge(unpacked, limit)


class _Tree:
    """Builds a tree with names as {namespace}name. Nothing outside the bytes is ever read."""

    def __init__(self, package: Package, part: str) -> None:
        self._package = package
        self._part = part
        self._builder = TreeBuilder()
        self._depth = self._count = 0

    def parsed(self, content: bytes) -> Element:
        parser = expat.ParserCreate(namespace_separator="}")
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self._document_type
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._builder.data
        parser.Parse(content, True)
        return self._builder.close()

    def _document_type(
        self, _name: str, _system: str | None, _public: str | None, has_subset: bool
    ) -> None:
        # An external one is never fetched; entities could only be declared in a subset.
        if has_subset:
            self._refuse("declares a document type of its own")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        self._count += 1
        if self._depth > DEEPEST_XML:
            self._refuse(f"nests elements deeper than {DEEPEST_XML}")
        if self._count > MOST_ELEMENTS:
            self._refuse(f"has more than {MOST_ELEMENTS} elements")
        named = {_qualified(key): value for key, value in attributes.items()}
        self._builder.start(_qualified(name), named)

    def _end(self, name: str) -> None:
        self._depth -= 1
        self._builder.end(_qualified(name))

    def _refuse(self, problem: str) -> NoReturn:
        raise self._package.broken(f"{self._part} {problem}")


def _qualified(name: str) -> str:
    return "{" + name if "}" in name else name
