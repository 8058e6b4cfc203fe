"""EPUB: the chapters in reading order, without contents lists, covers and pictures."""

import posixpath
import re
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit
from xml.etree.ElementTree import Element

from ingestion import media
from ingestion.builder import DraftBlock, build_document
from ingestion.errors import EmptyDocument
from ingestion.parsers.hidden_text import HiddenText, hidden_warnings
from ingestion.parsers.html import decode_page, fragment_drafts
from ingestion.parsers.package import Package
from ingestion.records import Document

_CONTAINER = "META-INF/container.xml"
_ENCRYPTION = "META-INF/encryption.xml"
# Fonts may be scrambled so; the text is open.
_FONT_SCRAMBLING = frozenset(
    ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")
)
_PAGES = frozenset(("application/xhtml+xml", "text/html", "text/x-oeb1-document"))
# XHTML closes any element in its start tag; read as HTML, `<title/>` would swallow the page.
_CLOSED = re.compile(r"<([A-Za-z][\w:.-]*)((?:\s[^<>]*)?)/>")
_VOID = frozenset("area base br col embed hr img input link meta param source track wbr".split())


def parse_epub(content: bytes, name: str) -> Document:
    """Return the document in an e-book: the spine's linear chapters in order, then the others.

    The navigation document is left out. Nothing outside the package is read; chapters that it
    lacks are counted in a warning. Raises BrokenDocument (also where the text is encrypted),
    EmptyDocument, DocumentTooLarge, or PasswordRequired.
    """
    package = Package(content, media.EPUB)
    book = _Book(package)
    chapters = book.chapters()
    _refuse_encryption(package, chapters)
    missing = [chapter for chapter in chapters if chapter not in package]
    warnings = [f"{len(missing)} chapters are missing, {missing[0]} first."] if missing else []
    drafts: list[DraftBlock] = []
    hidden: list[HiddenText] = []
    for chapter in chapters:
        if chapter not in package:
            continue
        text, problems = decode_page(package.read(chapter))
        warnings += (f"{chapter}: {problem}" for problem in problems)
        shown, unseen = _chapter_drafts(text)
        drafts += shown
        hidden += unseen
    warnings += hidden_warnings(hidden)
    return build_document(
        drafts, name=name, media_type=media.EPUB, title=book.title, warnings=warnings
    )


def _chapter_drafts(text: str) -> tuple[list[DraftBlock], list[HiddenText]]:
    try:
        return fragment_drafts(_CLOSED.sub(_opened, text))
    except EmptyDocument:
        return [], []


def _opened(tag: re.Match[str]) -> str:
    return tag[0] if tag[1].lower() in _VOID else f"<{tag[1]}{tag[2]}></{tag[1]}>"


def _refuse_encryption(package: Package, chapters: list[str]) -> None:
    if _ENCRYPTION not in package:
        return
    for data in _all(package.xml(_ENCRYPTION), "EncryptedData"):
        method = next(_all(data, "EncryptionMethod"), None)
        if method is not None and method.get("Algorithm") in _FONT_SCRAMBLING:
            continue
        hidden = {_inside("", part.get("URI", "")) for part in _all(data, "CipherReference")}
        if not hidden.isdisjoint(chapters):
            raise package.broken("its text is encrypted (DRM)")


class _Book:
    """What the package document says of a book: its title and what is read in which order."""

    def __init__(self, package: Package) -> None:
        self._package = package
        rootfile = next(_all(package.xml(_CONTAINER), "rootfile"), None)
        path = _inside("", rootfile.get("full-path", "")) if rootfile is not None else None
        if path is None:
            raise package.broken("its container names no book")
        self._folder = posixpath.dirname(path)
        self._root = package.xml(path)

    @property
    def title(self) -> str | None:
        titles = _all(self._root, "title")
        return next((title.text for title in titles if (title.text or "").strip()), None)

    def chapters(self) -> list[str]:
        """Return the names of the parts to read, each once. Raises BrokenDocument without any."""
        items = {item.get("id"): item for item in _all(self._root, "item")}
        references = list(_all(self._root, "itemref"))
        # sorted() keeps the order of equals: what is not linear goes last.
        references.sort(key=lambda reference: reference.get("linear") == "no")
        spine = [items[key] for ref in references if (key := ref.get("idref")) in items]
        contents = set(self._contents_pages())
        paths = [
            self._path(item)
            for item in spine
            if item.get("media-type") in _PAGES
            and "nav" not in (item.get("properties") or "").split()
        ]
        chapters = list(dict.fromkeys(path for path in paths if path and path not in contents))
        if not chapters:
            raise self._package.broken("its reading order names no chapter")
        return chapters

    def _contents_pages(self) -> Iterator[str]:
        for reference in _all(self._root, "reference"):
            path = _inside(self._folder, reference.get("href", ""))
            if path and reference.get("type") == "toc":
                yield path

    def _path(self, item: Element) -> str | None:
        return _inside(self._folder, item.get("href", ""))


def _all(root: Element, name: str) -> Iterator[Element]:
    """Yield the elements of that name in any namespace: old books get theirs wrong."""
    return (element for element in root.iter() if element.tag.rpartition("}")[2] == name)


def _inside(folder: str, reference: str) -> str | None:
    """Return the part that a reference names, or None where it leads out of the package."""
    try:
        parts = urlsplit(reference.strip())
    except ValueError:
        return None
    path = posixpath.normpath(posixpath.join(folder, unquote(parts.path)))
    outside = parts.scheme or parts.netloc or not parts.path or path.startswith(("/", "../"))
    return None if outside or path in (".", "..") else path
