"""Markdown: the words without the marks."""

import re
from collections.abc import Iterator, Sequence

from markdown_it import MarkdownIt
from markdown_it.token import Token

from ingestion import media
from ingestion.builder import DraftBlock, build_document, normalise
from ingestion.parsers.hidden_text import HiddenText, hidden_warnings
from ingestion.parsers.html import fragment_drafts
from ingestion.records import BlockKind, Document
from ingestion.reflow import join_lines

_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?\n)?(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.S)
_FRONT_TITLE = re.compile(r"^title:[ \t]*[\"']?(.+?)[\"']?[ \t]*$", re.M)
_ANCHOR = re.compile(r"\s*\{[ ]?[#.:][^{}]*\}\s*$")
# Fenced containers (/// note | Title, ::: tip): the fence goes, its title stays.
_CONTAINER = re.compile(r"^[ \t]*(?:/{3,}|:{3,})[ \t]*(?:[\w-]+[ \t]*(?:\|[ \t]*)?)?(.*)$", re.M)
_CODE_FENCE = re.compile(
    r"^[ \t]*(`{3,}|~{3,})[^\n]*\n.*?(?:^[ \t]*\1[`~]*[ \t]*$|\Z)", re.M | re.S
)

_DEEPEST = 100  # levels of the parser: a list and each of its items are one each


def parse_markdown(content: bytes, name: str) -> Document:
    """Return the document in Markdown (CommonMark with tables). Raises EmptyDocument.

    The title is the front matter's, else the first heading. Front matter is not text.
    """
    text, warnings = media.decode(content)
    text = normalise(text)
    title = None
    if front := _FRONT_MATTER.match(text):
        named = _FRONT_TITLE.search(front[0])
        title = named[1] if named else None
        text = text[front.end() :]
    parser = MarkdownIt("commonmark", {"maxNesting": _DEEPEST}).enable(["table", "strikethrough"])
    plain = _unfenced(text)
    tokens = parser.parse(plain)
    if any(token.level >= _DEEPEST - 1 for token in tokens):
        # Beyond its limit the parser leaves text out; as paragraphs nothing is lost.
        tokens = parser.disable(["list", "blockquote"]).parse(plain)
        warnings = (*warnings, "lists or quotes nested too deeply were read as paragraphs")
    hidden: list[HiddenText] = []
    drafts = list(_drafts(tokens, hidden))
    return build_document(
        drafts,
        name=name,
        media_type=media.MARKDOWN,
        title=title,
        warnings=(*warnings, *hidden_warnings(hidden)),
    )


def _unfenced(text: str) -> str:
    """Return the text without container fences, code left alone."""
    pieces: list[str] = []
    offset = 0
    for code in _CODE_FENCE.finditer(text):
        pieces += [_CONTAINER.sub(r"\n\1\n", text[offset : code.start()]), code[0]]
        offset = code.end()
    return "".join([*pieces, _CONTAINER.sub(r"\n\1\n", text[offset:])])


def _drafts(tokens: Sequence[Token], hidden: list[HiddenText]) -> Iterator[DraftBlock]:
    """Yield a draft per leaf block. Numbers of ordered lists stay, bullets go.

    hidden: gains what is hidden in pieces of HTML.
    """
    lists: list[int | None] = []
    mark = ""
    index = 0
    while index < len(tokens):
        token = tokens[index]
        match token.type:
            case "bullet_list_open":
                lists.append(None)
            case "ordered_list_open":
                lists.append(int(token.attrGet("start") or 1))
            case "bullet_list_close" | "ordered_list_close":
                lists.pop()
            case "list_item_open":
                number = lists[-1]
                mark = "" if number is None else f"{number}. "
                lists[-1] = None if number is None else number + 1
            case "heading_open":
                text = _ANCHOR.sub("", _words(tokens[index + 1]))
                yield DraftBlock(BlockKind.HEADING, text, int(token.tag[1]))
                index += 2
            case "inline":
                kind = BlockKind.LIST_ITEM if lists else BlockKind.PARAGRAPH
                yield DraftBlock(kind, mark + _words(token))
                mark = ""
            case "fence" | "code_block":
                yield DraftBlock(BlockKind.CODE, token.content)
            case "html_block":
                drafts, unseen = fragment_drafts(token.content)
                hidden += unseen
                yield from drafts
            case "table_open":
                end = next(i for i in range(index, len(tokens)) if tokens[i].type == "table_close")
                yield DraftBlock(BlockKind.TABLE, "\n".join(_rows(tokens[index:end])))
                index = end
        index += 1


def _rows(tokens: Sequence[Token]) -> Iterator[str]:
    cells: list[str] = []
    for token in tokens:
        if token.type == "inline":
            cells.append(" ".join(_words(token).split("\n")))
        elif token.type == "tr_close":
            yield " | ".join(cells)
            cells = []


def _words(token: Token) -> str:
    """Return the readable text of an inline token, soft line breaks joined."""
    lines = [""]
    finished: list[str] = []
    for child in token.children or ():
        if child.type in ("text", "code_inline", "text_special"):
            lines[-1] += child.content
        elif child.type == "image":
            lines[-1] += _words(child)
        elif child.type == "softbreak":
            lines.append("")
        elif child.type == "hardbreak" or child.content.lower().startswith("<br"):
            finished.append(join_lines(lines))
            lines = [""]
    return "\n".join([*finished, join_lines(lines)])
