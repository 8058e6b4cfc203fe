import io

import docx
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from ingestion.parsers.docx import parse_docx
from ingestion.parsers.docx_tables import header_rows, own_cells, own_rows, table_cells
from ingestion.records import BlockKind
from tests.ingestion.parsers.office_samples import blocks_of


def cell(text, properties=""):
    return f"<w:tc><w:tcPr>{properties}</w:tcPr><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:tc>"


def row(*cells, properties=""):
    return f"<w:tr><w:trPr>{properties}</w:trPr>{''.join(cells)}</w:tr>"


def table(*rows):
    return parse_xml(f"<w:tbl {nsdecls('w')}>{''.join(rows)}</w:tbl>")


def blocks(*elements):
    word = docx.Document()
    for element in elements:
        word.element.body.insert(len(word.element.body) - 1, element)
    buffer = io.BytesIO()
    word.save(buffer)
    return [(kind, text) for kind, _, text in blocks_of(parse_docx(buffer.getvalue(), "a.docx"))]


def wide(columns):
    return f'<w:gridSpan w:val="{columns}"/>'


RESTART, CONTINUE = '<w:vMerge w:val="restart"/>', "<w:vMerge/>"


def test_docx_table_header_of_two_rows_names_every_column():
    found = blocks(
        table(
            row(cell("名称", RESTART), cell("规模", wide(2)), cell("日期", RESTART)),
            row(cell("", CONTINUE), cell("章数"), cell("条数"), cell("", CONTINUE)),
            row(cell("甲"), cell("8"), cell("53"), cell("三月")),
            row(cell("合计", wide(3)), cell("四月")),
        )
    )
    text = "名称 | 规模 章数 | 规模 条数 | 日期\n甲 | 8 | 53 | 三月\n合计 |  |  | 四月"
    assert found == [(BlockKind.TABLE, text)]


def test_docx_table_in_a_cell_is_flattened_once():
    inner = "<w:tbl><w:tr>" + cell("x") + cell("1") + "</w:tr><w:tr>" + cell("y") + cell("2")
    nest = f"<w:tc>{inner}</w:tr></w:tbl><w:p/></w:tc>"
    found = blocks(table(row(cell("a"), cell("b")), row(nest, cell("c"))))
    assert found == [(BlockKind.TABLE, "a | b\nx, 1; y, 2 | c")]


def test_docx_captions_are_told_by_style_and_by_their_words():
    styled, worded, prose = (
        parse_xml(f"<w:p {nsdecls('w')}><w:pPr>{style}</w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>")
        for style, text in (
            ('<w:pStyle w:val="Caption"/>', "税率"),
            ("", "表 1 规模"),
            ("", "表 1 所示为规模。"),
        )
    )
    assert [kind for kind, _ in blocks(styled, worded, prose)] == [
        BlockKind.CAPTION,
        BlockKind.CAPTION,
        BlockKind.PARAGRAPH,
    ]


def test_table_cells_that_go_on_are_part_of_the_first():
    rows = own_rows(
        table(
            row(
                cell("a", wide(2) + RESTART),
                cell("b", '<w:hMerge w:val="restart"/>'),
                cell("", "<w:hMerge/>"),
            ),
            row(cell("lost", wide(2) + CONTINUE), cell("c"), cell("d")),
            row(cell("e"), cell("f"), properties='<w:gridBefore w:val="2"/>'),
        )
    )
    assert [(it.top, it.left, it.bottom, it.right) for it in table_cells(rows)] == [
        (0, 0, 1, 1),
        (0, 2, 0, 3),
        (1, 2, 1, 2),
        (1, 3, 1, 3),
        (2, 2, 2, 2),
        (2, 3, 2, 3),
    ]
    assert [len(own_cells(it)) for it in rows] == [3, 3, 2]


@pytest.mark.parametrize(
    ("mark", "count"), [("<w:tblHeader/>", 1), ('<w:tblHeader w:val="0"/>', 0), ("", 0)]
)
def test_header_rows_are_those_that_each_page_repeats(mark, count):
    rows = own_rows(table(row(cell("a"), properties=mark), row(cell("b"))))
    assert header_rows(rows) == count


def test_table_cells_of_absurd_spans_are_cut():
    rows = own_rows(table(row(cell("a", wide("9" * 40)), cell("b", wide("x")))))
    assert [it.left for it in table_cells(rows)] == [0, 16_384]
