import io
import zipfile

import pytest

from ingestion.errors import BrokenDocument, DocumentTooLarge, EmptyDocument, PasswordRequired
from ingestion.parse import parse
from ingestion.parsers.odt import LARGEST_REPEATS, parse_odt
from ingestion.records import BlockKind

NAMESPACES = " ".join(
    f'xmlns:{prefix}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for prefix, name in [
        ("office", "office"),
        ("style", "style"),
        ("text", "text"),
        ("table", "table"),
        ("draw", "drawing"),
        ("manifest", "manifest"),
    ]
)
NUMBERED = """<text:list-style style:name="L">
<text:list-level-style-number text:level="1" style:num-format="一, 二, 三, ..."
 style:num-prefix="第" style:num-suffix="条" text:start-value="9"/>
<text:list-level-style-number text:level="2" style:num-format="1" style:num-suffix="."
 text:display-levels="2"/></text:list-style>
<text:list-style style:name="B"><text:list-level-style-bullet text:level="1"/></text:list-style>"""


def tree(inside, root="document-content"):
    return f'<office:{root} {NAMESPACES} xmlns:dc="http://purl.org/dc/elements/1.1/">{inside}</office:{root}>'


def package(content, **parts):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.text", zipfile.ZIP_STORED)
        archive.writestr("content.xml", content)
        for name, part in parts.items():
            archive.writestr(f"{name}.xml".replace("manifest", "META-INF/manifest"), part)
    return buffer.getvalue()


def written(body, styles="", **parts):
    automatic = f"<office:automatic-styles>{styles}</office:automatic-styles>"
    whole = f"{automatic}<office:body><office:text>{body}</office:text></office:body>"
    return package(tree(whole), **parts)


def read(body, styles="", **parts):
    return parse_odt(written(body, styles, **parts), "a.odt")


def blocks_of(document):
    return [(b.kind, b.level, document.text[b.start : b.end]) for b in document.blocks]


def texts_of(body, styles=""):
    return [text for _, _, text in blocks_of(read(body, styles))]


def paragraphs(*texts):
    return "".join(f"<text:p>{text}</text:p>" for text in texts)


def table(*rows):
    return f"<table:table>{''.join(rows)}</table:table>"


def row(*cells, more=""):
    inside = (
        cell if cell.startswith("<") else f"<table:table-cell>{paragraphs(cell)}</table:table-cell>"
        for cell in cells
    )
    return f"<table:table-row {more}>{''.join(inside)}</table:table-row>"


def cell(text, more):
    return f"<table:table-cell {more}>{paragraphs(text)}</table:table-cell>"


COVERED = "<table:covered-table-cell/>"


def test_odt_headings_come_from_outline_levels_titles_and_numbers():
    body = (
        '<text:p text:style-name="P1">仓储手册</text:p>'
        '<text:h text:outline-level="2">概述</text:h><text:h>部署</text:h>'
    ) + paragraphs("第二章 职责", "正文。")
    styles = (
        '<style:style style:name="P1" style:family="paragraph" style:parent-style-name="Title"/>'
    )
    document = parse(written(body, styles), "a.bin")
    assert blocks_of(document) == [
        (BlockKind.HEADING, 1, "仓储手册"),
        (BlockKind.HEADING, 2, "概述"),
        (BlockKind.HEADING, 1, "部署"),
        (BlockKind.HEADING, 3, "第二章 职责"),
        (BlockKind.PARAGRAPH, 0, "正文。"),
    ]
    assert document.title == "仓储手册"


def test_odt_title_is_that_of_its_properties():
    properties = tree(
        "<office:meta><dc:title> 行船\n手册 </dc:title></office:meta>", "document-meta"
    )
    assert read(paragraphs("text"), meta=properties).title == "行船 手册"
    assert read(paragraphs("text"), meta=tree("", "document-meta")).title == "a"


def test_odt_numbers_that_are_drawn_are_part_of_the_text():
    deeper = "<text:list-item><text:list><text:list-item><text:p>品名</text:p></text:list-item></text:list></text:list-item>"
    item = "<text:list-item><text:p>{}</text:p></text:list-item>"
    more = "<text:list-item><text:p>时间</text:p><text:p>续</text:p></text:list-item>"
    body = (
        f'<text:list text:style-name="L">{item.format("登记")}{deeper}{deeper}</text:list>'
        f'<text:list text:style-name="L" text:continue-numbering="true">{more}{deeper}</text:list>'
        f'<text:list text:style-name="L">{item.format("新")}</text:list>'
        f'<text:list text:style-name="B">{item.format("要点")}</text:list>'
    )
    assert blocks_of(read(body, NUMBERED)) == [
        (BlockKind.LIST_ITEM, 0, text)
        for text in "第九条 登记;九.1. 品名;九.2. 品名;第十条 时间;续;十.1. 品名;第九条 新;要点".split(
            ";"
        )
    ]


def test_odt_heading_numbers_come_from_the_outline():
    outline = tree(
        '<office:styles><text:outline-style style:name="Outline">'
        '<text:outline-level-style text:level="1" style:num-format="1"/>'
        '<text:outline-level-style text:level="2" style:num-format="1" text:display-levels="2"/>'
        "</text:outline-style></office:styles>",
        "document-styles",
    )
    heading = '<text:h text:outline-level="{}"{}>{}</text:h>'
    body = "".join(
        heading.format(*values)
        for values in [
            (1, "", "a"),
            (2, "", "b"),
            (2, ' text:is-list-header="true"', "c"),
            (2, "", "d"),
            (1, "", "e"),
        ]
    )
    content = tree(f"<office:body><office:text>{body}</office:text></office:body>")
    document = parse_odt(package(content, styles=outline), "a.odt")
    assert [text for _, _, text in blocks_of(document)] == ["1 a", "1.1 b", "c", "1.2 d", "2 e"]


def test_odt_spaces_tabs_and_line_breaks_are_as_written():
    body = '<text:p>a<text:s text:c="2"/><text:s/>b<text:tab/>c<text:line-break/>d \n  <text:span>e</text:span></text:p>'
    assert texts_of(body) == ["a   b\tc\nd e"]


def test_odt_table_rows_are_lines_and_say_the_labels_merged_over_them():
    header = f"<table:table-header-rows>{row('名', '值', '注')}</table:table-header-rows>"
    rows = [
        row(cell("横", 'table:number-columns-spanned="2"'), COVERED, "02"),
        row("10", "11", cell("竖", 'table:number-rows-spanned="2"')),
        row(
            "20",
            "21",
            "<table:covered-table-cell><text:p>被合并</text:p></table:covered-table-cell>",
        ),
        row("隐藏", "x", "y", more='table:visibility="collapse"'),
        row(cell("同", 'table:number-columns-repeated="3"'), more='table:number-rows-repeated="2"'),
    ]
    body = table(header, *rows) + table(row("方框")) + table(row("", ""))
    assert blocks_of(read(body)) == [
        (
            BlockKind.TABLE,
            0,
            "名 | 值 | 注\n横 |  | 02\n10 | 11 | 竖\n20 | 21 | 竖\n同 | 同 | 同\n同 | 同 | 同",
        ),
        (BlockKind.PARAGRAPH, 0, "方框"),
    ]


def test_odt_table_header_of_two_rows_names_every_column():
    high, wide = 'table:number-rows-spanned="2"', 'table:number-columns-spanned="2"'
    first = row(cell("名称", high), cell("规模", wide), COVERED)
    body = paragraphs("表 1 规模") + table(
        first, row(COVERED, "章数", "条数"), row("甲", "8", "53")
    )
    assert blocks_of(read(body)) == [
        (BlockKind.CAPTION, 0, "表 1 规模"),
        (BlockKind.TABLE, 0, "名称 | 规模 章数 | 规模 条数\n甲 | 8 | 53"),
    ]


def test_odt_header_rows_of_a_table_are_one_and_a_table_in_a_cell_is_flattened():
    header = row("价", "量") + row("元", "吨")
    inner = f"<table:table-cell>{table(row('x', '1'), row('y', '2'))}</table:table-cell>"
    body = table(f"<table:table-header-rows>{header}</table:table-header-rows>", row(inner, "c"))
    assert texts_of(body) == ["价 元 | 量 吨\nx, 1; y, 2 | c"]


@pytest.mark.parametrize("repeats", ["1000000", "9" * 5000, "-1", "x"])
def test_odt_repeats_without_end_are_bounded(repeats):
    wide = f'table:number-columns-repeated="{repeats}"'
    tall = f'table:number-rows-repeated="{repeats}"'
    rows = [row("a", cell("b" * 50, wide), more=tall), row("c", cell("", wide), more=tall)] * 20
    document = read(table(*rows))
    assert len(document.text) < 2 * LARGEST_REPEATS
    assert document.text.count("c") >= 20


def test_odt_notes_and_text_boxes_come_after_their_paragraph():
    note = (
        "<text:note><text:note-citation>1</text:note-citation><text:note-body><text:p>见附录。</text:p>"
        "</text:note-body></text:note>"
    )
    box = "<draw:frame><draw:text-box><text:p>框</text:p></draw:text-box></draw:frame>"
    body = f"<text:p>船{note}在{box}港。</text:p>{box}<text:p>后</text:p>"
    found = blocks_of(read(body))
    assert [text for _, _, text in found] == ["船[1]在港。", "[1] 见附录。", "框", "框", "后"]
    assert found[1][0] is BlockKind.FOOTNOTE


def test_odt_hidden_deleted_and_repeated_text_is_left_out():
    styles = (
        '<style:style style:name="H" style:family="text"><style:text-properties text:display="none"/>'
        '</style:style><style:style style:name="P" style:family="paragraph">'
        '<style:text-properties text:display="none"/></style:style>'
        '<style:style style:name="P2" style:family="paragraph" style:parent-style-name="P"/>'
        '<style:style style:name="P3" style:family="paragraph" style:parent-style-name="P">'
        '<style:text-properties text:display="true"/></style:style>'
    )
    body = (
        "<text:tracked-changes><text:changed-region><text:deletion><text:p>deleted</text:p>"
        "</text:deletion></text:changed-region></text:tracked-changes>"
        "<text:table-of-content><text:index-body><text:p>contents</text:p></text:index-body>"
        "</text:table-of-content>"
        '<text:section text:display="none"><text:p>section</text:p></text:section>'
        "<text:section><text:p>shown</text:p></text:section>"
        '<text:p text:style-name="P">paragraph</text:p><text:p text:style-name="P2">made</text:p>'
        '<text:p text:style-name="P3">overridden</text:p>'
        '<text:p>condition<text:hidden-paragraph text:is-hidden="true"/></text:p>'
        '<text:p>a<text:span text:style-name="H">b</text:span>c<office:annotation><text:p>d</text:p>'
        '</office:annotation>e<text:hidden-text text:is-hidden="true">f</text:hidden-text>'
        "<text:ruby><text:ruby-base>g</text:ruby-base><text:ruby-text>h</text:ruby-text></text:ruby>"
        '<text:a><text:span text:style-name="X">i</text:span></text:a></text:p>'
    )
    assert texts_of(body, styles) == ["shown", "overridden", "acegi"]


def test_odt_styles_made_from_each_other_come_to_an_end():
    styles = "".join(
        f'<style:style style:name="{name}" style:family="paragraph" style:parent-style-name="{parent}"/>'
        for name, parent in ("ab", "ba")
    )
    assert texts_of('<text:p text:style-name="a">text</text:p>', styles) == ["text"]


def test_odt_with_a_password_raises_password_required():
    manifest = (
        f'<manifest:manifest {NAMESPACES}><manifest:file-entry manifest:full-path="content.xml">'
        "<manifest:encryption-data/></manifest:file-entry></manifest:manifest>"
    )
    with pytest.raises(PasswordRequired):
        parse_odt(package(b"\x00\x01 no xml", manifest=manifest), "a.odt")


@pytest.mark.parametrize(
    "content",
    [
        b"<broken",
        tree("<office:body><office:spreadsheet/></office:body>"),
        '<!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;">]>' + tree("&c;"),
        '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/hostname">]>' + tree("&b;"),
        tree("<text:span>" * 10_000 + "</text:span>" * 10_000),
    ],
)
def test_odt_damaged_or_hostile_raises_broken_document(content):
    with pytest.raises(BrokenDocument):
        parse_odt(package(content), "a.odt")


@pytest.mark.parametrize(
    "tags", [("text:span",), ("text:list", "text:list-item"), ("draw:g",), ("text:section",)]
)
def test_odt_nested_as_deep_as_a_tree_may_be_is_read(tags):
    names = list(tags) * (140 // len(tags))
    opened = "".join(f"<{name}>" for name in names)
    closed = "".join(f"</{name}>" for name in reversed(names))
    if tags == ("text:span",):
        assert texts_of(f"<text:p>{opened}deep{closed}</text:p>") == ["deep"]
    else:
        assert texts_of(f"{opened}<text:p>deep</text:p>{closed}") == ["deep"]


def test_odt_truncated_raises_broken_document():
    content = written(paragraphs("text"))
    with pytest.raises(BrokenDocument, match="damaged"):
        parse(content[: len(content) // 2], "a.odt")


def test_odt_unpacking_to_too_much_raises_document_too_large():
    with pytest.raises(DocumentTooLarge):
        read(paragraphs("text"), thumbnail=bytes(80 << 20))


def test_odt_without_words_raises_empty_document():
    with pytest.raises(EmptyDocument):
        read(paragraphs("", " "))


def test_odt_hidden_text_is_left_out_and_counted():
    fo = 'xmlns:fo="urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0"'
    styles = "".join(
        f'<style:style style:name="{name}" style:family="text">'
        f"<style:text-properties {fo} {properties}/></style:style>"
        for name, properties in [
            ("W", 'fo:color="#FFFFFF"'),
            ("T", 'fo:font-size="0.5pt"'),
            ("H", 'text:display="none"'),
        ]
    )
    spans = "".join(f'<text:span text:style-name="{name}">{name}</text:span>' for name in "WTH")
    body = (
        paragraphs(f"见{spans}")
        + '<text:section text:display="none"><text:p>S</text:p></text:section>'
    )
    document = read(body, styles)
    assert document.text == "见"
    assert document.warnings == (
        "Hidden text was left out: 1 character (in the colour of the background).",
        "Hidden text was left out: 1 character (smaller than 1 point).",
        "Hidden text was left out: 2 characters (marked as hidden).",
    )
    shaded = (
        f'<style:style style:name="C" style:family="table-cell"><style:table-cell-properties {fo} '
        'fo:background-color="#000080"/></style:style>'
    )
    assert "W" in read(body, styles + shaded).text
