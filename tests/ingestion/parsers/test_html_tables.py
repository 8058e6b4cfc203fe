import pytest
from selectolax.lexbor import LexborHTMLParser

from ingestion.parsers.html import parse_html
from ingestion.parsers.html_tables import header_rows, is_data, row_groups, span, tables_around
from ingestion.records import BlockKind
from tests.ingestion.parsers.office_samples import blocks_of


def blocks(markup):
    return [(kind, text) for kind, _, text in blocks_of(parse_html(markup.encode(), "a.html"))]


def first(markup):
    tree = LexborHTMLParser(markup)
    return tree, tree.css_first("table")


def test_html_table_with_spans_names_every_column_and_repeats_labels():
    markup = """<table><caption>表 1 <b>规模</b></caption><thead>
    <tr><th rowspan=2>名称<th colspan=2>规模</tr><tr><th>章数<th>条数</tr></thead>
    <tbody><tr><td rowspan=2>甲<td>8<td>53<tr><td>9<td>61<tr><td colspan=2>合计<td>114</table>"""
    assert blocks(markup) == [
        (BlockKind.CAPTION, "表 1 规模"),
        (BlockKind.TABLE, "名称 | 规模 章数 | 规模 条数\n甲 | 8 | 53\n甲 | 9 | 61\n合计 |  | 114"),
    ]


def test_html_table_span_ends_with_its_group_of_rows():
    markup = (
        "<table><tbody><tr><td rowspan=0>a<td>b<tr><td>c</tbody>"
        "<tbody><tr><td rowspan=9>d<td>e</tbody><tfoot><tr><td>f<td>g</tfoot></table>"
    )
    assert blocks(markup) == [(BlockKind.TABLE, "a | b\na | c\nd | e\nf | g")]


@pytest.mark.parametrize(
    "markup",
    [
        "<table role=presentation><tr><td>one<td>two</table>",
        "<table role=none><tr><td>one<td>two</table>",
        "<table><tr><td>one<tr><td>two</table>",
        "<table><tr><td><h2>one</h2><td>two</table>",
        "<table><tr><td><table><tr><td>one</table><td>two</table>",
    ],
)
def test_html_layout_table_is_no_table(markup):
    found = blocks(markup)
    assert [text for _, text in found] == ["one", "two"]
    assert BlockKind.TABLE not in [kind for kind, _ in found]


def test_html_table_in_a_layout_table_is_one():
    markup = "<table><tr><td><table><tr><td>a<td>b<tr><td>c<td>d</table><td>menu</table>"
    assert blocks(markup) == [(BlockKind.TABLE, "a | b\nc | d"), (BlockKind.PARAGRAPH, "menu")]


def test_html_table_in_a_cell_is_flattened_once():
    inner = "<table><tr><td>x<td>1<tr><td>y<td>2</table>"
    markup = f"<table><tr><th>a<th>b<tr><td>{inner} end<td>2</table>"
    assert blocks(markup) == [(BlockKind.TABLE, "a | b\nx 1; y 2; end | 2")]


def test_html_figure_caption_is_a_caption():
    assert blocks("<figure><img src=a><figcaption><p>Fig</p></figcaption></figure>") == [
        (BlockKind.CAPTION, "Fig")
    ]


def test_html_hidden_caption_and_cells_are_left_out():
    markup = (
        "<table><caption hidden>secret</caption><tr><td>a<td hidden>secret<td>b"
        "<tr style='display:none'><td>secret<td>s<tr><td>c<td>d</table>"
    )
    document = parse_html(markup.encode(), "a.html")
    assert document.text == "a | b\nc | d"
    assert "19 characters" in document.warnings[0]


@pytest.mark.parametrize("cell", ["<td rowspan=65534 colspan=1000>a", "<th>b<td>"])
def test_html_tables_of_absurd_spans_and_depth_are_read(cell):
    rows = f"<tr>{cell}<td colspan=1000>c" * 1000
    assert parse_html(f"<table>{rows}</table>".encode(), "a.html").text.count("c") == 1000
    deep = f"<table><tr>{cell}" * 1000 + "deep"
    assert "deep" in parse_html(deep.encode(), "a.html").text


def test_tables_around_are_those_with_a_table_in_them():
    tree, outer = first("<table><tr><td><div><table><tr><td>a</table></div></table><table></table>")
    assert tables_around(tree) == {outer.mem_id}


def test_header_rows_are_those_of_a_thead_or_of_th_alone():
    for markup, count in (
        ("<table><thead><tr><td>a<tr><td>b</thead><tr><td>c</table>", 2),
        ("<table><tr><th>a<th>b<tr><th>c<td>d</table>", 1),
        ("<table><tr><td>a</table>", 0),
    ):
        assert header_rows(first(markup)[1]) == count


def test_row_groups_leave_rows_of_inner_tables_out():
    _, table = first("<table><tr><td><table><tr><td>a<tr><td>b</table></table>")
    assert [len(rows) for _, rows in row_groups(table)] == [1]
    assert not is_data(table, frozenset())


@pytest.mark.parametrize(
    ("given", "expected"), [("3", 3), (" 2 ", 2), ("0", 7), ("-1", 1), ("x", 1), ("9" * 50, 65534)]
)
def test_span_is_within_what_a_browser_takes(given, expected):
    cell = LexborHTMLParser(f"<table><td rowspan='{given}'>a</table>").css_first("td")
    assert span(cell, "rowspan", 7) == expected
