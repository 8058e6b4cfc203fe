"""HTML: what a reader sees, without navigation, scripts and hidden text."""

import re
from collections.abc import Iterator

from selectolax.lexbor import LexborHTMLParser, LexborNode

from ingestion import encodings, media
from ingestion.builder import DraftBlock, build_document
from ingestion.errors import EmptyDocument
from ingestion.records import BlockKind, Document

_DROPPED = frozenset(
    "script style noscript template nav footer svg head iframe object canvas audio video "
    "button select textarea input datalist dialog map".split()
)
_DROPPED_ROLES = frozenset("navigation contentinfo search menu menubar toolbar dialog".split())
_BLOCKS = frozenset(
    "address article aside blockquote body center dd details div dl dt fieldset figcaption "
    "figure form h1 h2 h3 h4 h5 h6 header hgroup hr html legend li main ol p pre section summary "
    "table tbody td tfoot th thead tr ul caption".split()
)
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
# A heading around these is a mistake in the page, and could be nested without end.
_IN_NO_HEADING = ", ".join((*_HEADINGS, "table"))
_LIST_ITEMS = frozenset(("li", "dd", "dt"))
_HIDING = re.compile(r"(?:^|[;\s])(?:display\s*:\s*none|visibility\s*:\s*hidden)", re.I)
_CSS_RULE = re.compile(r"([^{}]*)\{([^{}]*)\}")
_SIMPLE_SELECTOR = re.compile(r"[.#][\w-]+")
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
    tree = LexborHTMLParser(text)
    title = tree.css_first("title")
    return build_document(
        _visible_drafts(tree),
        name=name,
        media_type=media.HTML,
        title=title.text() if title else None,
        warnings=warnings,
    )


def fragment_drafts(markup: str) -> list[DraftBlock]:
    """Return the drafts of a piece of HTML, such as one inside a Markdown file."""
    return _visible_drafts(LexborHTMLParser(markup))


def decode_page(content: bytes) -> tuple[str, tuple[str, ...]]:
    """Return the text of a page's bytes and warnings, as `encodings.decode` does.

    The page's own declaration counts where it has no byte order mark.
    """
    declared = _CHARSET.search(content[:4096])
    if declared and not content.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        return encodings.decode_as(content, declared[1].decode("ascii"))
    return encodings.decode(content)


def _visible_drafts(tree: LexborHTMLParser) -> list[DraftBlock]:
    body = tree.body
    if body is None:
        raise EmptyDocument("The page has no body.")
    hidden = _hidden_by_style_sheet(tree)
    drafts = list(_Walk(hidden).drafts(body))
    main = tree.css_first("main, [role=main]")
    if main is None:
        return drafts
    inner = list(_Walk(hidden).drafts(main))
    return inner if _length(inner) >= _MAIN_SHARE * _length(drafts) else drafts


def _length(drafts: list[DraftBlock]) -> int:
    return sum(len(draft.text) for draft in drafts)


def _hidden_by_style_sheet(tree: LexborHTMLParser) -> frozenset[str]:
    """Return the plain `.class` and `#id` selectors that the page's own styles hide."""
    hidden: set[str] = set()
    for sheet in tree.css("style"):
        for selectors, rules in _CSS_RULE.findall(sheet.text()):
            if _HIDING.search(rules):
                names = (selector.strip() for selector in selectors.split(","))
                hidden.update(name for name in names if _SIMPLE_SELECTOR.fullmatch(name))
    return frozenset(hidden)


class _Walk:
    """One pass over a tree: inline text gathers until a block element begins or ends."""

    def __init__(self, hidden_selectors: frozenset[str]) -> None:
        self._hidden_selectors = hidden_selectors
        self._inline: list[str] = []

    def drafts(self, node: LexborNode) -> Iterator[DraftBlock]:
        yield from self._inside(node, BlockKind.PARAGRAPH)
        yield from self._flush(BlockKind.PARAGRAPH)

    def _inside(self, node: LexborNode, kind: BlockKind) -> Iterator[DraftBlock]:
        """Yield the blocks below a node. An explicit stack: pages nest deeper than Python may."""
        stack = [(iter(node.iter(include_text=True)), kind, "")]
        while stack:
            children, kind, tag = stack[-1]
            child = next(children, None)
            if child is None:
                stack.pop()
                if tag in _BLOCKS:
                    yield from self._flush(kind)
                continue
            name = child.tag or ""
            if name == "-text":
                self._inline.append(child.text(deep=False))
            elif name == "br":
                self._inline.append("\v")
            elif self._is_dropped(child, name):
                continue
            elif name in _BLOCKS:
                yield from self._flush(kind)
                if whole := self._whole(child, name):
                    yield whole
                    continue
                inner = BlockKind.LIST_ITEM if name in _LIST_ITEMS else kind
                stack.append((iter(child.iter(include_text=True)), inner, name))
            else:
                stack.append((iter(child.iter(include_text=True)), kind, name))

    def _whole(self, node: LexborNode, name: str) -> DraftBlock | None:
        """Return the draft of an element that is one block, or None where it holds blocks."""
        if name in _HEADINGS and not any(it.css_first(_IN_NO_HEADING) for it in node.iter()):
            return DraftBlock(BlockKind.HEADING, self._words(node), _HEADINGS[name])
        if name == "pre":
            return DraftBlock(BlockKind.CODE, node.text())
        if name == "table" and not node.css_first("table table"):
            rows = node.css("tr")
            lines = [self._row(row) for row in rows]
            if max((len(row.css("td, th")) for row in rows), default=0) > 1:
                return DraftBlock(BlockKind.TABLE, "\n".join(line for line in lines if line))
        return None

    def _row(self, row: LexborNode) -> str:
        if self._is_dropped(row, "tr"):
            return ""
        cells = [
            self._words(cell)
            for cell in row.iter()
            if cell.tag in ("td", "th") and not self._is_dropped(cell, cell.tag)
        ]
        return " | ".join(cells) if any(cells) else ""

    def _words(self, node: LexborNode) -> str:
        outer, self._inline = self._inline, []
        parts = [draft.text for draft in self.drafts(node)]
        self._inline = outer
        return " ".join(" ".join(parts).split("\n"))

    def _flush(self, kind: BlockKind) -> Iterator[DraftBlock]:
        text, self._inline = "".join(self._inline), []
        lines = (_SPACE.sub(" ", line).strip(" ") for line in text.split("\v"))
        if joined := "\n".join(line for line in lines if line):
            yield DraftBlock(kind, joined)

    def _is_dropped(self, node: LexborNode, name: str) -> bool:
        if name in _DROPPED or name.startswith(("-", "_", "!")):
            return True
        attributes = node.attributes
        if not attributes:
            return False
        if "hidden" in attributes or attributes.get("aria-hidden") == "true":
            return True
        if attributes.get("role") in _DROPPED_ROLES:
            return True
        if _HIDING.search(attributes.get("style") or ""):
            return True
        names = {f".{part}" for part in (attributes.get("class") or "").split()}
        names.add(f"#{attributes.get('id')}")
        return not self._hidden_selectors.isdisjoint(names)
