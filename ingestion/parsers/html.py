"""HTML: what a reader sees, without navigation, scripts and hidden text."""

import re
from collections.abc import Iterator

from selectolax.lexbor import LexborHTMLParser, LexborNode

from ingestion import encodings, media
from ingestion.builder import DraftBlock, build_document
from ingestion.errors import EmptyDocument
from ingestion.parsers.hidden_text import HiddenText, count_characters, hidden_warnings
from ingestion.parsers.html_depth import flattened
from ingestion.parsers.html_tables import (
    cells_of,
    header_rows,
    is_data,
    row_groups,
    span,
    tables_around,
)
from ingestion.parsers.html_visibility import Look, Visibility
from ingestion.parsers.table_grid import SpannedCell, placed, table_drafts
from ingestion.records import BlockKind, Document

_DROPPED = frozenset(
    "script style noscript template nav footer svg head iframe object canvas audio video "
    "button select textarea input datalist dialog map".split()
)
_DROPPED_ROLES = frozenset(
    "navigation contentinfo search menu menubar toolbar dialog banner".split()
)
_BLOCKS = frozenset(
    "address article aside blockquote body center dd details div dl dt fieldset figcaption "
    "figure form h1 h2 h3 h4 h5 h6 header hgroup hr html legend li main ol p pre section summary "
    "table tbody td tfoot th thead tr ul caption".split()
)
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
# A heading around these is a mistake in the page, and could be nested without end.
_IN_NO_HEADING = ", ".join((*_HEADINGS, "table"))
_INNER_KINDS = {
    **dict.fromkeys(("li", "dd", "dt"), BlockKind.LIST_ITEM),
    **dict.fromkeys(("caption", "figcaption"), BlockKind.CAPTION),
}
# Parts the rows of a table within a cell; a line break to `normalise`.
_ROW_END = "\x1e"
# What asks for consent stands over a page and says nothing of it.
_ASKING = re.compile(r"cookie|consent|gdpr|ccpa", re.I)
_BANNER = re.compile(r"banner|notice|popup|modal|overlay|dialog|wall|window|sdk|\bbar\b", re.I)
_LONGEST_BANNER = 3000
_NAVIGATION = frozenset(
    "navbar breadcrumb breadcrumbs skip-link skiplink main-nav site-nav".split()
)
_BODIES = frozenset(("body", "main", "article"))
# Declarations inside a DOCTYPE are XML's: to HTML it ends at the first ">", and the rest is text.
_SUBSET = re.compile(r"(?<=<!doctype)[^<>\[]*\[[^\]]*\]\s*(?=>)", re.I)
_CHARSET = re.compile(
    rb"<(?:meta[^>]{0,200}?charset|\?xml[^>]{0,200}?encoding)\s*=\s*[\"']?\s*([\w-]{2,20})", re.I
)
# Collapses as a browser does; the ideographic space is a character like others.
_SPACE = re.compile(r"[ \t\n\r\f\u00a0]+")
_MAIN_SHARE = 0.5


def parse_html(content: bytes, name: str) -> Document:
    """Return the document in a web page. Raises EmptyDocument.

    The encoding is that of the byte order mark, else of the page's own declaration where the
    bytes obey it, else what the bytes look like.
    """
    text, warnings = decode_page(content)
    tree = LexborHTMLParser(flattened(_SUBSET.sub("", text, count=1)))
    title = tree.css_first("title")
    drafts, hidden = _visible_drafts(tree)
    return build_document(
        drafts,
        name=name,
        media_type=media.HTML,
        title=title.text() if title else None,
        warnings=(*warnings, *hidden_warnings(hidden)),
    )


def fragment_drafts(markup: str) -> tuple[list[DraftBlock], list[HiddenText]]:
    """Return the drafts of a piece of HTML, such as one inside a Markdown file.

    With them goes what is hidden in it.
    """
    return _visible_drafts(LexborHTMLParser(flattened(markup)))


def decode_page(content: bytes) -> tuple[str, tuple[str, ...]]:
    """Return the text of a page's bytes and warnings, as `encodings.decode` does.

    The page's own declaration counts where it has no byte order mark.
    """
    declared = _CHARSET.search(content[:4096])
    if declared and not content.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        return encodings.decode_as(content, declared[1].decode("ascii"))
    return encodings.decode(content)


def _visible_drafts(tree: LexborHTMLParser) -> tuple[list[DraftBlock], list[HiddenText]]:
    body = tree.body
    if body is None:
        raise EmptyDocument("The page has no body.")
    visibility, around = Visibility(tree), tables_around(tree)
    whole = _Walk(visibility, around)
    drafts = list(whole.drafts(body))
    main = tree.css_first("main, [role=main]")
    if main is None:
        return drafts, whole.hidden
    part = _Walk(visibility, around)
    inner = list(part.drafts(main))
    # What is hidden around the main part is of no less interest.
    return (inner if _length(inner) >= _MAIN_SHARE * _length(drafts) else drafts), whole.hidden


def _length(drafts: list[DraftBlock]) -> int:
    return sum(len(draft.text) for draft in drafts)


class _Walk:
    """One pass over a tree: inline text gathers until a block element begins or ends."""

    def __init__(self, visibility: Visibility, around: frozenset[int]) -> None:
        self._visibility = visibility
        self._around = around
        self._inline: list[str] = []
        self._in_cell = False
        self.hidden: list[HiddenText] = []

    def drafts(self, node: LexborNode) -> Iterator[DraftBlock]:
        """Yield what is seen of an element; `hidden` gathers the rest."""
        look = self._visibility.look(node, self._visibility.first_look())
        if isinstance(look, str):
            self._hide(look, node.text())
            return
        yield from self._shown(node, look)

    def _shown(self, node: LexborNode, look: Look) -> Iterator[DraftBlock]:
        yield from self._inside(node, BlockKind.PARAGRAPH, look)
        yield from self._flush(BlockKind.PARAGRAPH)

    def _inside(self, node: LexborNode, kind: BlockKind, look: Look) -> Iterator[DraftBlock]:
        """Yield the blocks below a node. An explicit stack: pages nest deeper than Python may."""
        stack = [(iter(node.iter(include_text=True)), kind, "", look)]
        while stack:
            children, kind, tag, look = stack[-1]
            child = next(children, None)
            if child is None:
                stack.pop()
                if tag in _BLOCKS:
                    yield from self._flush(kind)
                if tag == "tr" and self._in_cell:
                    yield DraftBlock(kind, _ROW_END)
                continue
            name = child.tag or ""
            if name == "-text":
                self._text(child.text(deep=False), look)
            elif name == "br":
                self._inline.append("\v")
            elif _is_furniture(child, name) or (own := self._look(child, look)) is None:
                continue
            elif name in _BLOCKS:
                yield from self._flush(kind)
                if (whole := self._whole(child, name, own)) is not None:
                    yield from whole
                    continue
                inner = _INNER_KINDS.get(name, kind)
                stack.append((iter(child.iter(include_text=True)), inner, name, own))
            else:
                stack.append((iter(child.iter(include_text=True)), kind, name, own))

    def _text(self, text: str, look: Look) -> None:
        if reason := look.hides():
            self._hide(reason, text)
            text = " "
        self._inline.append(text)

    def _look(self, node: LexborNode, outer: Look) -> Look | None:
        """Return the look of an element, None where it is hidden."""
        look = self._visibility.look(node, outer)
        if isinstance(look, str):
            self._hide(look, node.text())
            return None
        return look

    def _hide(self, reason: str, text: str) -> None:
        if count := count_characters(text):
            self.hidden.append(HiddenText(reason, count))

    def _whole(self, node: LexborNode, name: str, look: Look) -> list[DraftBlock] | None:
        """Return the drafts of an element that is read as a whole, or None where it holds blocks.

        A table within a cell is not: its words are the cell's, however deep they stand.
        """
        if name in _HEADINGS and not any(it.css_first(_IN_NO_HEADING) for it in node.iter()):
            return [DraftBlock(BlockKind.HEADING, self._words(node, look), _HEADINGS[name])]
        if name == "pre":
            return [DraftBlock(BlockKind.CODE, self._verbatim(node, look))]
        if name == "table" and not self._in_cell and is_data(node, self._around):
            return self._table(node, look)
        return None

    def _verbatim(self, node: LexborNode, look: Look) -> str:
        """Return the text of an element with its spaces and line breaks."""
        outer, self._inline = self._inline, []
        stack = [(iter(node.iter(include_text=True)), look)]
        while stack:
            child = next(stack[-1][0], None)
            name = "" if child is None else child.tag or ""
            if child is None:
                stack.pop()
            elif name == "-text":
                self._text(child.text(deep=False), stack[-1][1])
            elif name == "br":
                self._inline.append("\n")
            elif not _is_furniture(child, name) and (own := self._look(child, stack[-1][1])):
                stack.append((iter(child.iter(include_text=True)), own))
        text = "".join(self._inline)
        self._inline = outer
        return text

    def _table(self, table: LexborNode, look: Look) -> list[DraftBlock]:
        """Return the captions of a table, and the table."""
        captions = [
            DraftBlock(BlockKind.CAPTION, self._words(child, own))
            for child in table.iter()
            if child.tag == "caption"
            and not _is_furniture(child, child.tag)
            and (own := self._look(child, look))
        ]
        rows: list[list[SpannedCell]] = []
        for group, lines in row_groups(table):
            own = None if _is_furniture(group, "") else self._look(group, look)
            rest = len(lines)
            for line in lines:
                rows.append([] if own is None else self._row(line, own, rest))
                rest -= 1
        return [*captions, *table_drafts(placed(rows), header_rows(table))]

    def _row(self, row: LexborNode, outer: Look, rest: int) -> list[SpannedCell]:
        """Return the cells of a row. rest: rows from it to the end of its group."""
        look = None if _is_furniture(row, "") else self._look(row, outer)
        if look is None:
            return []
        return [
            SpannedCell(
                self._cell(cell, own),
                min(span(cell, "rowspan", rest), rest),
                span(cell, "colspan", 1),
            )
            for cell in cells_of(row)
            if not _is_furniture(cell, "") and (own := self._look(cell, look))
        ]

    def _cell(self, cell: LexborNode, look: Look) -> str:
        """Return a cell's words; rows of a table in it, parted by semicolons."""
        self._in_cell = True
        rows = self._words(cell, look).split(_ROW_END)
        self._in_cell = False
        return "; ".join(words for row in rows if (words := row.strip(" ")))

    def _words(self, node: LexborNode, look: Look) -> str:
        outer, self._inline = self._inline, []
        parts = [draft.text for draft in self._shown(node, look)]
        self._inline = outer
        return " ".join(" ".join(parts).split("\n"))

    def _flush(self, kind: BlockKind) -> Iterator[DraftBlock]:
        text, self._inline = "".join(self._inline), []
        lines = (_SPACE.sub(" ", line).strip(" ") for line in text.split("\v"))
        if joined := "\n".join(line for line in lines if line):
            yield DraftBlock(kind, joined)


def _is_furniture(node: LexborNode, name: str) -> bool:
    """Return whether an element is no text of the page: scripts, navigation, banners, icons."""
    if name in _DROPPED or name.startswith(("-", "_", "!")):
        return True
    attributes = node.attributes
    if not attributes:
        return False
    if attributes.get("aria-hidden") == "true" or attributes.get("role") in _DROPPED_ROLES:
        return True
    classes = attributes.get("class") or ""
    if not _NAVIGATION.isdisjoint(classes.split()):
        return True
    named = f"{attributes.get('id') or ''} {classes}"
    asks = name not in _BODIES and _ASKING.search(named) and _BANNER.search(named)
    return bool(asks) and len(node.text()) <= _LONGEST_BANNER
