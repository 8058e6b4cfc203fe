"""What the pages of a PDF come to when they are drawn, told by pypdf before PDFium draws them.

A page may draw a form that draws another ten times, and so on, or unpack to a thousand times its
size; PDFium would follow it until memory or time run out. What only some other filter packs is not
unpacked here: there the limits of the process that reads hold.
"""

import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from pypdf import PdfReader
from pypdf.generic import DictionaryObject, IndirectObject, StreamObject

from ingestion.parsers.pdf.metadata import FAILURES
from ingestion.parsers.pdf.weight_signs import (
    DRAWING,
    inflated,
    may_be_heavy,
    may_draw_forms,
)

_DEEPEST = 30
_MOST_NODES = 200_000
_FLATE = frozenset(("/FlateDecode", "/Fl"))
_NAME = re.compile(rb"/([^\0\t\n\f\r ()<>\[\]{}/%]++)(?:[\0\t\n\f\r ]*+(Do)\b)?")


class _Stream(NamedTuple):
    """Bytes of instructions, how often they draw what has which name, and the names they use."""

    size: int
    draws: Counter[str]
    uses: frozenset[str]


_NOTHING = _Stream(0, Counter(), frozenset())


class PageWeights:
    """Weighs the pages of one file, one after the other, as they are read."""

    def __init__(self, content: bytes, password: str = "") -> None:
        """password: opens a locked file. Of one that pypdf can't read nothing is known."""
        self._draws_forms = may_draw_forms(content)
        self.draws_glyphs = b"/CharProcs" in content
        self._streams: dict[int, _Stream] = {}
        self._forms: dict[int, DictionaryObject | None] = {}
        self._reader: PdfReader | None = None
        self._weights: dict[int, int] = {}
        self._pages = self._found(content, password)

    def next_page(self, *, weigh: bool = True) -> int:
        """Return the weight of the next page; 0 where it is not known, or not to be weighed.

        O(its instructions), of which it unpacks no more than `HEAVIEST_PAGE`, and a little more
        than that is what any heavier page weighs at least.
        """
        try:
            found = next(self._pages, None)
            if found is None or not weigh:
                return 0
            number, page, resources = found
            if number not in self._weights:
                self._weights[number] = self._page(page, resources)
            return self._weights[number]
        except FAILURES:
            self._pages = iter(())
            return 0

    def _found(
        self, content: bytes, password: str
    ) -> Iterator[tuple[int, DictionaryObject, DictionaryObject]]:
        if not may_be_heavy(content):
            return
        reader = self._reader = PdfReader(io.BytesIO(content))
        if reader.is_encrypted and not (reader.decrypt("") or reader.decrypt(password)):
            return
        yield from _leaves(_dictionary(reader.root_object.get("/Pages")))

    def _page(self, page: DictionaryObject, resources: DictionaryObject) -> int:
        try:
            return _Page(self, resources).weight(_contents(page), resources)
        except FAILURES:
            return 0

    def form(self, reference: object) -> DictionaryObject | None:
        """Return the form that is referred to, None for an image, which is then forgotten."""
        if not isinstance(reference, IndirectObject) or not self._draws_forms:
            return None
        if reference.idnum not in self._forms:
            found = _dictionary(reference)
            is_form = found.get("/Subtype") == "/Form" or "/PatternType" in found
            self._forms[reference.idnum] = found if is_form else None
            self._forget(reference)
        return self._forms[reference.idnum]

    def stream(self, reference: object) -> _Stream:
        """Return what a stream instructs; each is unpacked once."""
        if not isinstance(reference, IndirectObject):
            return _NOTHING
        if reference.idnum not in self._streams:
            found = reference.get_object()
            data = _unpacked(found) if isinstance(found, StreamObject) else b""
            names = Counter(_NAME.findall(data) if self._draws_forms else [])
            drawn, used = Counter[str](), set[str]()
            for (name, draws), count in names.items():
                if draws:
                    drawn[_spelled(name)] = count
                else:
                    used.add(_spelled(name))
            self._streams[reference.idnum] = _Stream(len(data), drawn, frozenset(used))
            self._forget(reference)
        return self._streams[reference.idnum]

    def _forget(self, reference: IndirectObject) -> None:
        # The reader would hold all of the file by and by.
        if self._reader is not None:
            self._reader.resolved_objects.pop((reference.generation, reference.idnum), None)


class _Page:
    """Weighs one page. resources: its own, where forms also find what theirs do not have."""

    def __init__(self, weights: PageWeights, resources: DictionaryObject) -> None:
        self._weights = weights
        self._objects = _entries(resources, "/XObject")
        self._known: dict[tuple[int, int], int] = {}

    def weight(
        self, references: Iterable[object], resources: DictionaryObject, depth: int = 0
    ) -> int:
        """Return the weight of streams that follow each other, with all that they draw."""
        total = 0
        used = set[str]()
        for reference, times in _counted(references):
            size, draws, uses = self._weights.stream(reference)
            total += times * size
            used |= uses
            objects = _entries(resources, "/XObject", set(draws))
            for name, count in draws.items():
                drawn = objects.get(name, self._objects.get(name))
                if self._weights.form(drawn) is not None:
                    total += times * count * (DRAWING + self._form(drawn, resources, depth))
        return total + sum(
            self._form(reference, inner, depth) for reference, inner in self._once(resources, used)
        )

    def _form(self, reference: object, outer: DictionaryObject, depth: int) -> int:
        """Return the weight of a form, a pattern or a glyph; one within itself is not drawn."""
        if not isinstance(reference, IndirectObject) or depth > _DEEPEST:
            return 0
        key = reference.idnum, id(outer)
        if key not in self._known:
            self._known[key] = 0
            own = self._weights.form(reference) or DictionaryObject()
            resources = _dictionary(own.get("/Resources")) or outer
            self._known[key] = self.weight([reference], resources, depth + 1)
        return self._known[key]

    def _once(
        self, resources: DictionaryObject, used: set[str]
    ) -> Iterator[tuple[object, DictionaryObject]]:
        """Yield what is drawn by means of something else, with the resources it has if none itself.

        Tiles of patterns, masks, and the glyphs of fonts that draw them, where they are used.
        """
        for reference in _entries(resources, "/Pattern", used).values():
            yield reference, resources
        for state in _entries(resources, "/ExtGState", used).values():
            mask = _dictionary(_dictionary(state).get("/SMask"))
            if "/G" in mask:
                yield mask.raw_get("/G"), resources
        fonts = used if self._weights.draws_glyphs else set[str]()
        for reference in _entries(resources, "/Font", fonts).values():
            font = _dictionary(reference)
            if "/CharProcs" in font:
                own = _dictionary(font.get("/Resources")) or resources
                for glyph in _entries(font, "/CharProcs").values():
                    yield glyph, own


def _leaves(
    root: DictionaryObject,
) -> Iterator[tuple[int, DictionaryObject, DictionaryObject]]:
    """Yield the number, dictionary and resources of each page, in order."""
    waiting: list[tuple[object, DictionaryObject, int]] = [(root, DictionaryObject(), 0)]
    for _ in range(_MOST_NODES):
        if not waiting:
            return
        reference, inherited, depth = waiting.pop()
        node = _dictionary(reference)
        resources = _dictionary(node.get("/Resources")) or inherited
        if "/Kids" in node:
            kids = _items(node["/Kids"]) if depth < _DEEPEST else []
            waiting += [(kid, resources, depth + 1) for kid in reversed(kids)]
        else:
            number = reference.idnum if isinstance(reference, IndirectObject) else -id(node)
            yield number, node, resources


def _contents(page: DictionaryObject) -> list[object]:
    if "/Contents" not in page:
        return []
    found = page.raw_get("/Contents")
    return [found] if isinstance(found.get_object(), StreamObject) else _items(found)


def _counted(references: Iterable[object]) -> Iterable[tuple[object, int]]:
    """Return each with how often it comes; a list may name one stream a thousand times."""
    return Counter(item for item in references if isinstance(item, IndirectObject)).items()


def _dictionary(found: object) -> DictionaryObject:
    """Return the dictionary that an object is or refers to, an empty one if it does not."""
    if isinstance(found, IndirectObject):
        found = found.get_object()
    return found if isinstance(found, DictionaryObject) else DictionaryObject()


def _entries(
    holder: DictionaryObject, key: str, names: set[str] | None = None
) -> dict[str, object]:
    """Return the references in a dictionary within a dictionary; names: all if None."""
    inner = _dictionary(holder.get(key))
    return {
        name: inner.raw_get(name) for name in (inner if names is None else names & inner.keys())
    }


def _items(found: object) -> list[object]:
    """Return the references in a list."""
    if isinstance(found, IndirectObject):
        found = found.get_object()
    return list(found) if isinstance(found, list) else []


def _spelled(name: bytes) -> str:
    return f"/{name.decode('latin-1')}"


def _unpacked(stream: StreamObject) -> bytes:
    """Return a stream's content, as much of it as makes a page too heavy; packed if it must be."""
    filters = stream.get("/Filter")
    names = [item.get_object() for item in filters] if isinstance(filters, list) else [filters]
    data: bytes = stream._data
    for name in names:
        if name not in _FLATE:
            break
        data = inflated(data)
    return data
