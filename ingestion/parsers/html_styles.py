"""What a page's own styles say of an element: sheets in the page, its attributes, no fetching."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

Style = Mapping[str, str]

MOST_QUERIES = 300
"""Selectors of more than one compound that are looked up; each walks the whole page."""
LARGEST_SHEETS = 2 << 20
"""Characters of all sheets that are read."""
_DECIDING = frozenset("display visibility opacity font-size font text-indent".split())
_PROPERTIES = _DECIDING | frozenset(
    "position left right top bottom clip clip-path width height max-width max-height overflow "
    "color background background-color background-image background-clip margin-left margin-top "
    "-webkit-background-clip -webkit-text-fill-color transform filter content-visibility".split()
)
_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.S)
_TOKEN = re.compile(r"[{};]")
_SIMPLE = re.compile(r"(?:[a-zA-Z][\w-]*)?(?:[.#][\w-]+)*")
_PART = re.compile(r"[.#]?[\w-]+")
# A state that a page as it is opened need not be in, or a box beside the element.
_STATE = re.compile(r"::|:(?!not\(|is\(|where\(|root|empty|first-|last-|nth-|only-)")
_WIDTH = re.compile(r"\((min|max)-width\s*:\s*([\d.]+)(px|em|rem)\)")
_SCREEN_WIDTH = 1280.0
_GROUPING = ("@supports", "@layer", "@container", "@scope")


class _Rule(NamedTuple):
    selector: str
    style: Style
    order: int


class Styles:
    """The styles of one page, for the properties that can hide text."""

    def __init__(self, tree: LexborHTMLParser) -> None:
        self._by_part: dict[str, list[_Rule]] = defaultdict(list)
        self._queried: dict[int, list[_Rule]] = defaultdict(list)
        sheets = "\n".join(sheet.text() for sheet in tree.css("style"))[:LARGEST_SHEETS]
        # Whatever else may colour what lies behind the text.
        self.is_complete = "@import" not in sheets and not tree.css_first("link[rel~=stylesheet]")
        complex_rules = []
        for rule in _rules(sheets):
            if parts := _parts(rule.selector):
                self._by_part[parts[-1]].append(rule)
            elif not _STATE.search(rule.selector):
                complex_rules.append(rule)
        complex_rules.sort(key=lambda rule: not _DECIDING.intersection(rule.style))
        for rule in complex_rules[:MOST_QUERIES]:
            for node in _matching(tree, rule.selector):
                self._queried[node.mem_id].append(rule)

    def of(self, node: LexborNode) -> Style:
        """Return the properties that hold for an element, without what it inherits."""
        attributes = node.attributes
        found: list[tuple[int, int, Style]] = []
        if self._by_part or self._queried:
            own = {node.tag or "", f"#{attributes.get('id')}"}
            own.update(f".{name}" for name in (attributes.get("class") or "").split())
            rules = [rule for part in own for rule in self._by_part.get(part, ())]
            rules = [rule for rule in rules if own.issuperset(_parts(rule.selector))]
            rules += self._queried.get(node.mem_id, ())
            found = [(_weight(rule.selector), rule.order, rule.style) for rule in rules]
            found.sort(key=lambda rule: rule[:2])
        styles = [style for _, _, style in found]
        if inline := attributes.get("style"):
            styles.append(declarations(inline))
        return _cascaded(styles)


def declarations(text: str) -> dict[str, str]:
    """Return the properties that can hide text, names and values in lower case."""
    found = {}
    for declaration in _COMMENT.sub("", text).split(";"):
        name, colon, value = declaration.partition(":")
        name = name.strip().lower()
        if colon and name in _PROPERTIES:
            found[name] = " ".join(value.lower().split())
    return found


def _cascaded(styles: list[Style]) -> Style:
    """Return what holds of styles of rising weight."""
    result: dict[str, str] = {}
    important: dict[str, str] = {}
    for style in styles:
        for name, value in style.items():
            plain, mark, _ = value.partition("!")
            (important if mark else result)[name] = plain.strip()
    return result | important


def _rules(sheet: str) -> Iterator[_Rule]:
    """Yield the rules that hold on a wide screen, one per selector, in order."""
    text = _COMMENT.sub("", sheet)
    open_blocks: list[bool] = []  # whether what stands in each open block holds
    start = order = 0
    selector = ""
    for token in _TOKEN.finditer(text):
        piece = text[start : token.start()].strip()
        start = token.end()
        if token[0] == "{":
            selector = piece
            open_blocks.append(all(open_blocks[-1:]) and _holds(piece))
        elif token[0] == "}":
            start_of_rule, selector = selector, ""
            holds = open_blocks.pop() if open_blocks else False
            if holds and start_of_rule and not start_of_rule.startswith("@"):
                style = declarations(_body(text, token.start()))
                for one in start_of_rule.split(",") if style else ():
                    order += 1
                    yield _Rule(one.strip(), style, order)


def _body(text: str, end: int) -> str:
    return text[text.rfind("{", 0, end) + 1 : end]


def _holds(prelude: str) -> bool:
    """Return whether what stands in a block holds on a wide screen without any state."""
    if not prelude.startswith("@"):
        return True
    name, _, condition = prelude.partition(" ")
    if name != "@media":
        return name.startswith(_GROUPING)
    return any(_is_met(query) for query in condition.lower().split(","))


def _is_met(query: str) -> bool:
    if "print" in query or "not " in query or "speech" in query or "reduce" in query:
        return False
    for bound, number, unit in _WIDTH.findall(query):
        width = float(number) * (1.0 if unit == "px" else 16.0) if _is_number(number) else 0.0
        if (width > _SCREEN_WIDTH) if bound == "min" else (width < _SCREEN_WIDTH):
            return False
    return "max-" not in _WIDTH.sub("", query) and "dark" not in query


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).isdecimal()


def _parts(selector: str) -> list[str]:
    """Return the tag, classes and ids of a selector of one compound, else nothing."""
    if selector == "*" or not _SIMPLE.fullmatch(selector):
        return []
    return _PART.findall(selector)


def _weight(selector: str) -> int:
    """Return the specificity of a selector, as one number."""
    ids, classes = selector.count("#"), len(re.findall(r"[.\[]|:(?!not|is|where)", selector))
    tags = len(re.findall(r"(?:^|[\s>+~(])[a-zA-Z]", selector))
    return (ids * 1000 + classes) * 1000 + tags


def _matching(tree: LexborHTMLParser, selector: str) -> list[LexborNode]:
    try:
        return tree.css(selector)
    except (SelectolaxError, ValueError):
        return []
