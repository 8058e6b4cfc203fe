"""RTF: headings, lists, tables and notes of the body; no headers, footers, hidden or deleted text.

Read here, by the words of its specification (1.9.1) that carry text: RTF is text with marks, and
what can be read without another program should not need one.
"""

import codecs
import re

from ingestion import media
from ingestion.builder import DraftBlock, build_document
from ingestion.numbering import heading_level
from ingestion.parsers.hidden_text import HiddenText, count_characters, hidden_warnings
from ingestion.parsers.rtf_groups import CHARACTERS, DESTINATIONS, Group, encoding_of_charset
from ingestion.records import BlockKind, Document

_TOKEN = re.compile(
    rb"\\([A-Za-z]{1,32})(-?[0-9]{1,10})? ?|\\'([0-9A-Fa-f]{2})|\\([^A-Za-z])|([{}])|[\r\n]+"
    rb"|([^\\{}\r\n]+)|\\"
)
_HEADING_STYLE = re.compile(r"\s*(?:heading|标题|標題|überschrift|titre)\s*([1-9])", re.I)
_TITLE_STYLE = re.compile(r"\s*(?:title|标题|標題)\s*;?\s*", re.I)
_CODE_PAGES = {"mac": "mac_roman", "pc": "cp437", "pca": "cp850"}
_BODY_LEVEL = 9
_LONGEST_NAME = 1000


def parse_rtf(content: bytes, name: str) -> Document:
    """Return the document in an RTF file. Raises EmptyDocument."""
    reader = _Reader()
    reader.read(content)
    drafts = reader.drafts()
    return build_document(
        drafts,
        name=name,
        media_type=media.RTF,
        title=reader.title or None,
        warnings=hidden_warnings([HiddenText("marked as hidden", reader.hidden_characters)]),
    )


class _Reader:
    """One walk over the tokens; groups keep what is undone where they end."""

    def __init__(self) -> None:
        self.title = ""
        self.hidden_characters = 0
        self._default = "cp1252"
        self._fonts: dict[int, str] = {}
        self._font = self._style = 0
        self._levels: dict[int, int] = {}
        self._group = Group()
        self._outer: list[Group] = []
        self._skip = 0
        self._raw = bytearray()
        self._raw_encoding = ""
        self._pieces: list[str] = []
        self._label: list[str] = []
        self._notes: list[str] = []
        self._cells: list[str] = []
        self._rows: list[str] = []
        self._paragraph_level = 0
        self._in_table = False
        self._drafts: list[DraftBlock] = []

    def drafts(self) -> list[DraftBlock]:
        """Return what was read."""
        self._end_paragraph()
        self._end_table()
        return self._drafts

    def read(self, content: bytes) -> None:
        """Take all tokens of the file."""
        position = 0
        while position < len(content):
            token = _TOKEN.match(content, position)
            if token is None:
                position += 1
                continue
            position = token.end()
            word, number, byte, symbol, brace, plain = token.groups()
            if word == b"bin":
                position += max(0, int(number or 0))
            elif word:
                self._word(word.decode(), None if number is None else int(number))
            elif byte:
                self._bytes(bytes.fromhex(byte.decode()))
            elif symbol:
                self._symbol(symbol)
            elif brace:
                self._brace(brace)
            elif plain:
                self._bytes(plain)

    def _brace(self, brace: bytes) -> None:
        self._flush()
        self._skip = 0
        if brace == b"{":
            self._outer.append(self._group)
            self._group = self._group.copy()
        elif self._outer:
            ended, self._group = self._group, self._outer.pop()
            if ended.destination == "note" != self._group.destination:
                self._notes.append("".join(ended.text).strip())

    def _symbol(self, symbol: bytes) -> None:
        if symbol == b"*":
            self._group.optional = True
        elif symbol in b"\r\n":
            self._word("par", None)
        elif symbol in b"\\{}":
            self._bytes(symbol)
        elif symbol in b"~_":
            self._write("\u00a0" if symbol == b"~" else "-")

    def _bytes(self, data: bytes) -> None:
        """Take bytes of text, but those that stand for a character given by number before."""
        skipped = min(self._skip, len(data))
        self._skip -= skipped
        data = data[skipped:]
        if not data or self._group.destination == "skipped":
            return
        encoding = self._fonts.get(self._group.font, self._default)
        if encoding != self._raw_encoding:
            self._flush()
            self._raw_encoding = encoding
        self._raw += data

    def _flush(self) -> None:
        """Decode the bytes at hand: characters of several bytes come in several tokens."""
        if self._raw:
            data, self._raw = bytes(self._raw), bytearray()
            self._write(data.decode(self._raw_encoding, "replace"), flushed=True)

    def _write(self, text: str, *, flushed: bool = False) -> None:
        if not flushed:
            self._flush()
        group = self._group
        if group.deleted:
            return
        if group.hidden and group.destination in ("body", "note"):
            self.hidden_characters += count_characters(text)
        elif group.destination == "body":
            self._pieces.append(text)
        elif group.destination == "label":
            self._label.append(text)
        elif group.destination == "note":
            group.text.append(text)
        elif group.destination == "title":
            self.title += text[:_LONGEST_NAME]
        elif group.destination == "styles":
            self._name_style(text)

    def _name_style(self, name: str) -> None:
        if heading := _HEADING_STYLE.match(name):
            self._levels[self._style] = int(heading[1])
        elif _TITLE_STYLE.fullmatch(name):
            self._levels[self._style] = 1

    def _word(self, word: str, number: int | None) -> None:
        self._flush()
        group = self._group
        if word == "u":
            self._unicode(number or 0)
        elif word in DESTINATIONS or group.optional:
            group.optional = False
            group.enter(DESTINATIONS.get(word, "skipped"))
            if group.destination == "title":
                # Given again in Unicode where it was first given in another encoding.
                self.title = ""
        elif group.destination == "fonts":
            self._font_word(word, number or 0)
        elif group.destination == "styles" and word in ("s", "outlinelevel"):
            self._style_word(word, number)
        elif word in CHARACTERS:
            self._write(CHARACTERS[word])
        elif word in _CODE_PAGES or word == "ansicpg":
            self._default = _CODE_PAGES.get(word) or _codec(f"cp{number}") or self._default
        elif not group.format(word, number) and group.destination == "body":
            self._layout(word, number)

    def _style_word(self, word: str, number: int | None) -> None:
        if word == "s":
            self._style = number or 0
        else:
            self._levels[self._style] = _level(number)

    def _unicode(self, number: int) -> None:
        self._write(chr(number % 0x10000))
        self._skip = self._group.skipped

    def _font_word(self, word: str, number: int) -> None:
        if word == "f":
            self._font = number
        elif word == "fcharset":
            encoding = encoding_of_charset(number)
            if encoding:
                self._fonts[self._font] = encoding

    def _layout(self, word: str, number: int | None) -> None:
        if word in ("par", "sect", "page"):
            if self._in_table:
                self._write(" ")
            else:
                self._end_paragraph()
        elif word == "pard":
            self._paragraph_level, self._in_table = 0, False
        elif word == "intbl":
            self._in_table = True
        elif word == "s":
            self._paragraph_level = self._levels.get(number or 0, 0)
        elif word == "outlinelevel":
            self._paragraph_level = _level(number)
        elif word == "cell":
            self._cells.append(" ".join(self._taken().split()))
        elif word == "row":
            line = " | ".join(self._cells)
            self._rows += [line] if line.strip(" |") else []
            self._cells = []

    def _taken(self) -> str:
        """Return the text since the last paragraph or cell, its label before it."""
        self._flush()
        label = " ".join("".join(self._label).split())
        text = "".join(self._pieces)
        self._pieces, self._label = [], []
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").strip()
        return f"{label} {text}" if label and text else text

    def _end_paragraph(self) -> None:
        is_item = bool(self._label)
        text = self._taken()
        if text:
            self._end_table()
            self._drafts.append(_draft(text, self._paragraph_level, is_item))
        for note in self._notes:
            self._drafts.append(DraftBlock(BlockKind.PARAGRAPH, note))
        self._notes = []

    def _end_table(self) -> None:
        if self._cells:
            self._layout("row", None)
        if self._rows:
            self._drafts.append(DraftBlock(BlockKind.TABLE, "\n".join(self._rows)))
            self._rows = []


def _draft(text: str, level: int, is_item: bool) -> DraftBlock:
    if level:
        return DraftBlock(BlockKind.HEADING, text, level)
    if is_item:
        return DraftBlock(BlockKind.LIST_ITEM, text)
    if numbered := heading_level(text):
        return DraftBlock(BlockKind.HEADING, text, numbered)
    return DraftBlock(BlockKind.PARAGRAPH, text)


def _level(number: int | None) -> int:
    """Return the level of a heading, 0 for what is none."""
    return 0 if number is None or not 0 <= number < _BODY_LEVEL else number + 1


def _codec(name: str) -> str:
    try:
        return codecs.lookup(name).name
    except LookupError:
        return ""
