import io
import zipfile

import pytest

from ingestion import media
from ingestion.errors import BrokenDocument
from ingestion.parsers.opendocument import parse_odp, parse_ods
from ingestion.records import BlockKind

NAMES = " ".join(
    f'xmlns:{prefix}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for prefix, name in (
        ("office", "office"),
        ("style", "style"),
        ("text", "text"),
        ("table", "table"),
        ("draw", "drawing"),
        ("presentation", "presentation"),
    )
)
STYLES = (
    "<office:automatic-styles>"
    '<style:style style:name="off" style:family="table">'
    '<style:table-properties table:display="false"/></style:style>'
    '<style:style style:name="away" style:family="drawing-page">'
    '<style:drawing-page-properties presentation:visibility="hidden"/></style:style>'
    "</office:automatic-styles>"
)


def packed(body, kind):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as package:
        package.writestr("mimetype", kind)
        package.writestr(
            "content.xml",
            f"<office:document-content {NAMES}>{STYLES}<office:body>{body}</office:body>"
            "</office:document-content>",
        )
    return buffer.getvalue()


def cell(text, repeated=1):
    return (
        f'<table:table-cell table:number-columns-repeated="{repeated}">'
        f"<text:p>{text}</text:p></table:table-cell>"
    )


def row(*cells, repeated=1):
    inside = "".join(cells)
    return f'<table:table-row table:number-rows-repeated="{repeated}">{inside}</table:table-row>'


def texts(document):
    return [(b.kind, b.page, document.text[b.start : b.end]) for b in document.blocks]


def test_ods_visible_sheets_are_tables_parted_by_empty_rows():
    sheet = (
        '<table:table table:name="库存">'
        + row(cell("Stock of May"), cell("", 1000))
        + row(cell("品名"), cell("数量"))
        + row(cell("螺丝"), cell("5"), cell("", 16000))
        + row(cell("", 16384), repeated=1_000_000)
        + row(cell("a"), cell("b"), repeated=2)
        + '</table:table><table:table table:name="secret" table:style-name="off">'
        + row(cell("x"))
        + "</table:table>"
    )
    document = parse_ods(
        packed(f"<office:spreadsheet>{sheet}</office:spreadsheet>", media.ODS), "a"
    )
    assert texts(document) == [
        (BlockKind.HEADING, None, "库存"),
        (BlockKind.PARAGRAPH, None, "Stock of May"),
        (BlockKind.TABLE, None, "品名 | 数量\n螺丝 | 5"),
        (BlockKind.TABLE, None, "a | b\na | b"),
    ]
    assert document.warnings == ("Sheets that are hidden and were left out: secret.",)


def test_ods_labels_merged_over_rows_and_columns_are_said():
    def merged(text, rows, columns):
        return cell(text).replace(
            "<table:table-cell",
            f'<table:table-cell table:number-rows-spanned="{rows}" '
            f'table:number-columns-spanned="{columns}"',
        )

    covered = "<table:covered-table-cell/>"
    rows = [
        row(merged("a", 2, 1), merged("b", 1, 2), covered),
        row(covered, cell("p"), cell("q")),
        row(merged("x", 2, 1), cell("1"), cell("2")),
        row(covered, cell("3"), cell("4")),
    ]
    sheet = f'<table:table table:name="s">{"".join(rows)}</table:table>'
    document = parse_ods(
        packed(f"<office:spreadsheet>{sheet}</office:spreadsheet>", media.ODS), "a"
    )
    assert texts(document)[1:] == [(BlockKind.TABLE, None, "a | b p | b q\nx | 1 | 2\nx | 3 | 4")]


def test_odp_visible_slides_are_pages_with_titles_and_notes():
    def frame(kind, text):
        return (
            f'<draw:frame presentation:class="{kind}"><draw:text-box><text:p>{text}</text:p>'
            "</draw:text-box></draw:frame>"
        )

    slides = (
        f"<draw:page>{frame('title', '标题')}{frame('outline', 'point')}{frame('footer', 'foot')}"
        f"<presentation:notes>{frame('notes', 'say this')}</presentation:notes></draw:page>"
        f'<draw:page draw:style-name="away">{frame("title", "hidden")}</draw:page>'
        f"<draw:page>{frame('outline', 'last')}</draw:page>"
    )
    document = parse_odp(
        packed(f"<office:presentation>{slides}</office:presentation>", media.ODP), "a"
    )
    assert texts(document) == [
        (BlockKind.HEADING, 1, "标题"),
        (BlockKind.PARAGRAPH, 1, "point"),
        (BlockKind.PARAGRAPH, 1, "备注 Notes: say this"),
        (BlockKind.PARAGRAPH, 3, "last"),
    ]
    assert document.page_count == 3
    assert any("hidden" in warning for warning in document.warnings)


def test_ods_that_holds_something_else_raises_broken_document():
    with pytest.raises(BrokenDocument, match="spreadsheet"):
        parse_ods(packed("<office:text/>", media.ODS), "a")


def test_ods_tables_side_by_side_are_apart_and_merged_headers_joined():
    wide = (
        '<table:table-cell table:number-columns-spanned="2"><text:p>2023</text:p>'
        "</table:table-cell><table:covered-table-cell/>"
    )
    sheet = (
        '<table:table table:name="表">'
        + row(cell("Stock"))
        + row(cell(""), wide, cell("", 5), cell("City"), cell("km"))
        + row(cell("Item"), cell("min"), cell("max"), cell("", 5), cell("Ulm"), cell("7"))
        + row(cell("Pears"), cell("1"), cell("2"), cell("", 5), cell("Bonn"), cell("8"))
        + "</table:table>"
    )
    document = parse_ods(
        packed(f"<office:spreadsheet>{sheet}</office:spreadsheet>", media.ODS), "a"
    )
    assert [text for _, _, text in texts(document)] == [
        "表",
        "Stock",
        "Item | 2023 min | 2023 max\nPears | 1 | 2",
        "City | km\nUlm | 7\nBonn | 8",
    ]
