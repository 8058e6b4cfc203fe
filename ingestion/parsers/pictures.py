"""Pictures within documents: which of them are read by OCR, and what becomes of their text.

Pictures are read where they are what a page says: they cover most of it, or few letters stand
around them. Those in the middle of text are figures, whose axes and legends would be noise.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

from ingestion import media
from ingestion.builder import DraftBlock
from ingestion.errors import (
    BrokenDocument,
    DocumentTooLarge,
    EmptyDocument,
    MissingExtra,
)
from ingestion.parsers.image import pixels_of
from ingestion.parsers.page_warnings import page_warnings
from ingestion.parsers.pdf.furniture import drop_furniture
from ingestion.parsers.pdf.layout import rows_of
from ingestion.parsers.pdf.outline import Outline
from ingestion.parsers.pdf.paragraphs import drafts_of
from ingestion.parsers.scan_pages import ScanLog, load_recogniser, page_of
from ingestion.ports import Advance, Recognise
from ingestion.records import BlockKind, ParseOptions, Recognition

FEW_LETTERS = 300
"""On a page with fewer its pictures are read; a hanzi is one."""
MOST_OF_PAGE = 0.5
_LEAST_SHARE = 0.02
_LEAST_POINTS = (48.0, 16.0)
_LEAST_PIXELS = (64, 24)
_LETTERS_OF_PAGE = 1500
_LINES_OF_PAGE = 40
_LEAST_LETTERS = 3
# What programs write where the author wrote nothing: 'Picture 3', 'IMG_0012.jpg', a checksum,
# and guesses of what it shows, which are no evidence of anything.
_NO_ALT = re.compile(
    r"(?:(?:picture|image|img|graphic|photo|screenshot|figure|图片|圖片|图像|圖像|图形|截图|图)"
    r"[\s_-]*[\d_-]*|[\w-]*[\d_][\w-]*|[\w .()-]*\.[a-z]{3,4}|\w+:\S*)",
    re.I,
)
_DESCRIBED = re.compile(
    r"(?:描述已自动生成|AI 生成的内容可能不正确。?"
    r"|(?:Description )?automatically generated(?: with \w+ confidence)?"
    r"|AI-generated content may be incorrect\.?)\s*$",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture where it stands among a document's blocks.

    content: of its file. share: of the page that it covers, 0 to 1. alt: its author's words.
    """

    content: bytes
    share: float
    alt: str = ""


@dataclass(slots=True)
class PictureReader:
    """Reads the pictures of one document, each distinct one once.

    load: returns the recogniser; called when the first picture needs it. where: what stands
    behind 'pictures' in warnings, if the numbers are not the pictures' own. advance: called after
    each picture that took time.
    """

    options: ParseOptions
    advance: Advance
    load: Callable[[], Recognise] = load_recogniser
    where: str = ""
    _log: ScanLog = field(default_factory=ScanLog)
    _unreadable: list[int] = field(default_factory=list)
    _unread: list[int] = field(default_factory=list)
    _switched_off: bool = False
    _seen: set[bytes] = field(default_factory=set)
    _looked_at: int = 0
    _recognise: Recognise | None = None

    def is_new(self, picture: Picture) -> bool:
        """Return whether this picture was not yet met; from now on it was."""
        key = hashlib.sha256(picture.content).digest()
        new = key not in self._seen
        self._seen.add(key)
        return new

    def recognition(self, picture: Picture, number: int, share: float) -> Recognition | None:
        """Return what stands in a picture, None where it is not read.

        number: for the warnings. share: of the document, read when this picture is.
        """
        if not self.options.ocr:
            self._switched_off = True
            return None
        if self._looked_at >= self.options.ocr_pages:
            self._log.left_out.append(number)
            return None
        if media.sniff(picture.content, "") not in media.IMAGES:
            self._unreadable.append(number)
            return None
        if not self._load(number):
            return None
        # Damaged ones count too: to find that out may have taken as long.
        self._looked_at += 1
        found = self._read(picture, number)
        self.advance(share)
        if found is None or sum(len(line.text) for line in found.lines) < _LEAST_LETTERS:
            return None
        self._log.add(number, found.lines)
        return found

    def warnings(self) -> list[str]:
        """Return the sentences for the document's warnings."""
        on = self.where
        lists = (
            (f"Text recognised by OCR in pictures{on}", self._log.read),
            (f"Recognised with low confidence, check the pictures{on}", self._log.doubtful),
            (f"Pictures beyond the limit for OCR were left out{on}", self._log.left_out),
            (f"Pictures that are damaged or of a kind that is not read{on}", self._unreadable),
            (f"Pictures that OCR would read (pip install 'youju[ocr]'){on}", self._unread),
        )
        return [
            warning for what, found in lists for warning in page_warnings(what, sorted({*found}))
        ]

    def check_text(self, drafts: Iterable[DraftBlock]) -> None:
        """Say why a document that is nothing but pictures gave no text.

        Raises EmptyDocument or MissingExtra where no draft has text and a picture was not read.
        """
        if any(draft.text.strip() for draft in drafts):
            return
        if self._unread:
            raise MissingExtra("ocr", "Reading the pictures of a document")
        if self._switched_off:
            raise EmptyDocument("The document holds only pictures, and OCR is switched off.")
        if self._looked_at:
            raise EmptyDocument("The document holds only pictures; OCR recognised no text on them.")

    def _read(self, picture: Picture, number: int) -> Recognition | None:
        try:
            pixels = pixels_of(picture.content)
        except (BrokenDocument, DocumentTooLarge, MemoryError):
            self._unreadable.append(number)
            return None
        shorter, longer = sorted(pixels.shape[:2])
        if longer < _LEAST_PIXELS[0] or shorter < _LEAST_PIXELS[1] or self._recognise is None:
            return None
        return self._recognise(pixels)

    def _load(self, number: int) -> bool:
        if self._recognise is None and not self._unread:
            try:
                self._recognise = self.load()
            except MissingExtra:
                self._recognise = None
        if self._recognise is None:
            self._unread.append(number)
        return self._recognise is not None


def is_useful(width: float, height: float, share: float) -> bool:
    """Return whether a picture is large enough to hold text: no icon, no rule.

    width, height: as it is shown, in points. share: of the page.
    """
    longer, shorter = max(width, height), min(width, height)
    return longer >= _LEAST_POINTS[0] and shorter >= _LEAST_POINTS[1] and share >= _LEAST_SHARE


def alt_drafts(picture: Picture, page: int | None = None) -> list[DraftBlock]:
    """Return the author's words for a picture as a caption; none where a program made them up."""
    alt = " ".join(picture.alt.split())
    if not alt or _NO_ALT.fullmatch(alt) or _DESCRIBED.search(alt):
        return []
    return [DraftBlock(BlockKind.CAPTION, alt, page=page)]


def read_flow(items: Sequence[DraftBlock | Picture], reader: PictureReader) -> list[DraftBlock]:
    """Return the blocks of a document without pages, the text of its pictures in their place.

    Pictures are numbered from 1 in the warnings. Those that cover most of a page and follow each
    other are read as the pages of a scan, with headings, and paragraphs that go on.
    """
    numbers: dict[int, int] = {}
    for at, item in enumerate(items):
        if isinstance(item, Picture) and reader.is_new(item):
            numbers[at] = len(numbers) + 1
    drafts: list[DraftBlock] = []
    for scanned, run in groupby(range(len(items)), lambda at: _is_scan(items[at])):
        found = []
        for at in run:
            item = items[at]
            if isinstance(item, DraftBlock):
                drafts.append(item)
            elif number := numbers.get(at):
                drafts += alt_drafts(item)
                telling = _is_telling(items, at)
                share = number / len(numbers)
                read = reader.recognition(item, number, share) if telling else None
                if read and scanned:
                    found.append(read)
                elif read:
                    drafts += plain_drafts(read)
        drafts += _scan_drafts(found)
    return drafts


def plain_drafts(found: Recognition, page: int | None = None) -> list[DraftBlock]:
    """Return the text of one picture; what is set large in it heads nothing outside of it."""
    return [
        replace(draft, kind=BlockKind.PARAGRAPH, level=0, page=page)
        if draft.kind is BlockKind.HEADING
        else replace(draft, page=page)
        for draft in _scan_drafts([found])
    ]


def _scan_drafts(pages: Sequence[Recognition]) -> list[DraftBlock]:
    """Return the blocks on pictures that follow each other as pages do, without place."""
    texts = [page_of(found, 1.0)[0] for found in pages]
    rows = [rows_of(text, number) for number, text in enumerate(texts, 1)]
    kept = drop_furniture(rows, [text.height for text in texts])
    return [replace(draft, page=None, box=None) for draft in drafts_of(kept, Outline({}))]


def _is_scan(item: DraftBlock | Picture) -> bool:
    return isinstance(item, Picture) and item.share >= MOST_OF_PAGE


def _is_telling(items: Sequence[DraftBlock | Picture], at: int) -> bool:
    """Return whether a picture is most of its page, or there are few letters on a page around it.

    O(lines of a page).
    """
    picture = items[at]
    if not isinstance(picture, Picture):
        return False
    if picture.share >= MOST_OF_PAGE:
        return True
    room = (1 - picture.share) / 2
    before = (items[place] for place in range(at - 1, -1, -1))
    after = (items[place] for place in range(at + 1, len(items)))
    return _letters(before, room) + _letters(after, room) < FEW_LETTERS


def _letters(items: Iterable[DraftBlock | Picture], room: float) -> float:
    """Return how many letters stand in the next items, as far as there is room on the page."""
    letters = 0.0
    for item in items:
        if room <= 0:
            break
        if isinstance(item, Picture):
            room -= max(item.share, 1 / _LINES_OF_PAGE)
            continue
        letters += min(len(item.text), room * _LETTERS_OF_PAGE)
        room -= max(len(item.text) / _LETTERS_OF_PAGE, 1 / _LINES_OF_PAGE)
    return letters
