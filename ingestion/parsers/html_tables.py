"""Tables of web pages: which of them hold data, their own rows, and the spans of their cells."""

from collections.abc import Iterator

from selectolax.lexbor import LexborHTMLParser, LexborNode

_ROW_GROUPS = frozenset(("tbody", "thead", "tfoot"))
_LAYOUT_ROLES = frozenset(("presentation", "none"))
_SECTIONS = "h1, h2, h3, h4, h5, h6"
# Elements between a table and the one around it; more make it no part of that one's cell.
_MOST_BETWEEN = 50
_MOST_ROWS, _MOST_COLUMNS = 65534, 1000


def tables_around(tree: LexborHTMLParser) -> frozenset[int]:
    """Return the `mem_id` of each table with another one in it. O(elements)."""
    around = set()
    for inner in tree.css("table table"):
        outer = inner.parent
        for _ in range(_MOST_BETWEEN):
            if outer is None or outer.tag == "table":
                break
            outer = outer.parent
        if outer is not None and outer.tag == "table":
            around.add(outer.mem_id)
    return frozenset(around)


def row_groups(table: LexborNode) -> Iterator[tuple[LexborNode, list[LexborNode]]]:
    """Yield each group of a table's own rows (thead, tbody, tfoot) with its rows."""
    for child in table.iter():
        if child.tag in _ROW_GROUPS:
            yield child, [row for row in child.iter() if row.tag == "tr"]


def cells_of(row: LexborNode) -> list[LexborNode]:
    """Return the cells of a row, hidden ones too."""
    return [cell for cell in row.iter() if cell.tag in ("td", "th")]


def is_data(table: LexborNode, around: frozenset[int]) -> bool:
    """Return whether a table has rows and columns that mean something.

    Not where it has one column, says that it only arranges a page, or names no column and holds
    headings or tables. around: what `tables_around` returns.
    """
    if table.attributes.get("role") in _LAYOUT_ROLES:
        return False
    groups = list(row_groups(table))
    widths = (len(cells_of(row)) for _, rows in groups for row in rows)
    if max(widths, default=0) < 2:
        return False
    if any(child.tag == "caption" for child in table.iter()) or header_rows(table):
        return True
    return table.mem_id not in around and table.css_first(_SECTIONS) is None


def header_rows(table: LexborNode) -> int:
    """Return how many rows at the top name columns: those in a thead, or of nothing but th."""
    count = 0
    for group, rows in row_groups(table):
        for row in rows:
            cells = cells_of(row)
            if group.tag != "thead" and not (cells and all(cell.tag == "th" for cell in cells)):
                return count
            count += 1
    return count


def span(cell: LexborNode, name: str, rest: int) -> int:
    """Return the rowspan or colspan of a cell. rest: what 0, up to its group's end, stands for."""
    given = (cell.attributes.get(name) or "").strip()
    if not (given.isascii() and given.isdecimal()):
        return 1
    most = _MOST_ROWS if name == "rowspan" else _MOST_COLUMNS
    return min(int(given[:9]), most) or rest
