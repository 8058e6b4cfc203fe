"""Where text is normalised, once, and a document gets its exact offsets."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePath

from ingestion.errors import DocumentTooLarge, EmptyDocument
from ingestion.records import Block, BlockKind, BoundingBox, Document, Language

_LINE_BREAKS = re.compile("\r\n|[\r\v\f\x1c-\x1e\x85\u2028\u2029]")
# Besides control characters: soft hyphen, combining grapheme joiner, fillers, zero-width space,
# word joiner and invisible operators, controls of direction (a few of which make text read
# otherwise than it shows), byte order mark, annotation marks, non-characters and the tags that
# spell invisible ASCII. They would keep a word from matching itself, or carry hidden words.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e"
    "\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\ufffe\uffff"
    "\U0001d173-\U0001d17a\U000e0000-\U000e00ff\U000e01f0-\U000e0fff]"
)
# One selects a form of the character before it; more, or one after a space, spell hidden bytes.
_SELECTORS = "\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef"
_STRAY_SELECTORS = re.compile(f"(?:(?<=[\\s{_SELECTORS}])|\\A)[{_SELECTORS}]+")
# Joiners stand between two letters or signs; a row of them spells hidden bits.
_STRAY_JOINERS = re.compile("(?<=[\\s\u200c\u200d])[\u200c\u200d]+|\\A[\u200c\u200d]+")
_SURROGATES = re.compile("[\ud800-\udfff]")
_CJK = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_NO_LETTERS = re.compile(r"[\W\d_]+")
# A Chinese manual is full of Latin names and code, and one hanzi carries what four letters do.
_CHINESE_SHARE = 0.15
_TITLE_LENGTH = 200
LARGEST_BLOCKS = 300_000
"""Some six thousand pages; a file of a million lines of a letter each is no document."""


@dataclass(frozen=True, slots=True)
class DraftBlock:
    """What a parser found, before normalisation and without offsets."""

    kind: BlockKind
    text: str
    level: int = 0
    page: int | None = None
    box: BoundingBox | None = None


def normalise(text: str) -> str:
    r"""Return the text with `\n` line ends, in NFC, without control or invisible characters.

    Tabs stay; lone surrogates become U+FFFD; full-width characters stay as they are. A variation
    selector or joiner stays after the character that it belongs to. Idempotent.
    """
    if text.isascii() and text.isprintable():
        return text
    text = _LINE_BREAKS.sub("\n", text)
    text = _INVISIBLE.sub("", text)
    text = _STRAY_JOINERS.sub("", _STRAY_SELECTORS.sub("", text))
    return unicodedata.normalize("NFC", _SURROGATES.sub("\ufffd", text))


def language_of(text: str) -> Language:
    """Return 'zh' where at least 15 % of the letters are Chinese characters, else 'en'."""
    letters = len(_NO_LETTERS.sub("", text))
    return "zh" if letters and len(_CJK.findall(text)) >= _CHINESE_SHARE * letters else "en"


def build_document(
    drafts: Iterable[DraftBlock],
    *,
    name: str,
    media_type: str,
    title: str | None = None,
    page_count: int | None = None,
    warnings: Iterable[str] = (),
) -> Document:
    """Return the document made of the drafts, in order; drafts without text are left out.

    name: the file's name; its stem is the title where neither `title` nor a heading gives one.
    Raises EmptyDocument if no draft has text, DocumentTooLarge on more than `LARGEST_BLOCKS`.
    """
    pieces: list[str] = []
    blocks: list[Block] = []
    offset = 0
    for draft in drafts:
        text = _block_text(draft)
        if not text:
            continue
        if blocks:
            listed = draft.kind is blocks[-1].kind is BlockKind.LIST_ITEM
            pieces.append("\n" if listed else "\n\n")
            offset += len(pieces[-1])
        blocks.append(_placed(draft, offset, len(text)))
        if len(blocks) > LARGEST_BLOCKS:
            raise DocumentTooLarge(len(blocks), LARGEST_BLOCKS, "paragraphs")
        pieces.append(text)
        offset += len(text)
    if not blocks:
        raise EmptyDocument("The file holds no text.")
    text = "".join(pieces)
    return Document(
        title=_title(title, text, blocks, name),
        text=text,
        blocks=tuple(blocks),
        language=language_of(text),
        media_type=media_type,
        page_count=page_count,
        warnings=tuple(normalise(warning) for warning in warnings),
    )


def _block_text(draft: DraftBlock) -> str:
    lines = [line.rstrip() for line in normalise(draft.text).split("\n")]
    if draft.kind is BlockKind.HEADING:
        return " ".join(" ".join(lines).split(" ")).strip()
    if draft.kind is BlockKind.CODE:
        # Indentation means something in code, on its first line too.
        return "\n".join(lines).strip("\n").rstrip()
    return "\n".join(line for line in lines if line).strip()


def _placed(draft: DraftBlock, start: int, length: int) -> Block:
    level = max(1, min(draft.level, 6)) if draft.kind is BlockKind.HEADING else 0
    return Block(draft.kind, start, start + length, draft.page, level, draft.box)


def _title(given: str | None, text: str, blocks: list[Block], name: str) -> str:
    if given and (title := " ".join(normalise(given).split())):
        return title[:_TITLE_LENGTH]
    headings = [block for block in blocks if block.kind is BlockKind.HEADING]
    if headings:
        best = min(headings, key=lambda block: (block.level, block.start))
        return text[best.start : best.end][:_TITLE_LENGTH]
    stem = " ".join(normalise(PurePath(name.replace("\\", "/")).stem).split())
    return stem or "Untitled"
