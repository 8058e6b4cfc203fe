import io
import zipfile

import pptx
import pytest
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.oxml import parse_xml
from pptx.oxml.ns import nsdecls, qn
from pptx.util import Inches

from ingestion.errors import BrokenDocument, DocumentTooLarge, EmptyDocument
from ingestion.parsers import package
from ingestion.parsers import pptx as pptx_parser
from ingestion.parsers.pptx import parse_pptx
from ingestion.records import BlockKind
from tests.ingestion.parsers.office_samples import blocks_of, rewritten, with_damaged_member

COVER, LISTED, BLANK = 0, 1, 6
SLIDE = "ppt/slides/slide1.xml"


def deck():
    presentation = pptx.Presentation()
    presentation.core_properties.title = ""
    return presentation


def slide_of(presentation, layout, title=None):
    slide = presentation.slides.add_slide(presentation.slide_layouts[layout])
    if title is not None:
        slide.shapes.title.text = title
    return slide


def box(shapes, text, left, top):
    shape = shapes.add_textbox(Inches(left), Inches(top), Inches(1), Inches(1))
    shape.text_frame.text = text
    return shape


def saved(presentation):
    buffer = io.BytesIO()
    presentation.save(buffer)
    return buffer.getvalue()


def parsed(presentation):
    return parse_pptx(saved(presentation), "a.pptx")


def texts(presentation):
    return [text for _, _, text in blocks_of(parsed(presentation))]


def one_slide(text="一页"):
    presentation = deck()
    slide_of(presentation, LISTED, text)
    return presentation


def test_pptx_slides_are_pages_and_titles_headings():
    presentation = deck()
    cover = slide_of(presentation, COVER, "仓储\v培训")
    cover.placeholders[1].text = "二〇二四年"
    second = slide_of(presentation, LISTED, "入库")
    second.placeholders[1].text = "清点\n登记"
    document = parsed(presentation)
    assert blocks_of(document) == [
        (BlockKind.HEADING, 1, "仓储 培训"),
        (BlockKind.PARAGRAPH, 0, "二〇二四年"),
        (BlockKind.HEADING, 2, "入库"),
        (BlockKind.LIST_ITEM, 0, "清点"),
        (BlockKind.LIST_ITEM, 0, "登记"),
    ]
    assert [block.page for block in document.blocks] == [1, 1, 2, 2, 2]
    assert document.title == "仓储 培训"
    assert document.page_count == 2


def test_pptx_shapes_are_read_row_by_row_and_groups_where_they_stand():
    presentation = deck()
    slide = slide_of(presentation, BLANK)
    box(slide.shapes, "右下。", 5, 4)
    box(slide.shapes, "左下。", 1, 4.1)
    group = slide.shapes.add_group_shape()
    inner = group.shapes.add_group_shape()
    box(inner.shapes, "组右。", 6, 2)
    box(inner.shapes, "组左。", 5, 2)
    box(slide.shapes, "左上。", 1, 1)
    assert texts(presentation) == ["左上。", "组左。", "组右。", "左下。", "右下。"]


def test_pptx_numbers_that_are_drawn_are_part_of_the_text():
    presentation = deck()
    frame = slide_of(presentation, LISTED, "步骤").placeholders[1].text_frame
    numbering = [
        ("清点", 0, '<a:buAutoNum {} type="ea1ChsPeriod" startAt="2"/>'),
        ("甲", 1, '<a:buAutoNum {} type="alphaLcParenR"/>'),
        ("乙", 1, '<a:buAutoNum {} type="alphaLcParenR"/>'),
        ("登记", 0, '<a:buAutoNum {} type="ea1ChsPeriod" startAt="2"/>'),
        ("丙", 1, '<a:buAutoNum {} type="arabicParenBoth"/>'),
        ("完毕", 0, "<a:buNone {}/>"),
    ]
    for text, level, bullet in numbering:
        paragraph = frame.add_paragraph()
        paragraph.text, paragraph.level = text, level
        paragraph._p.get_or_add_pPr().append(parse_xml(bullet.format(nsdecls("a"))))
    assert blocks_of(parsed(presentation))[1:] == [
        (BlockKind.LIST_ITEM, 0, "二、 清点"),
        (BlockKind.LIST_ITEM, 0, "a) 甲"),
        (BlockKind.LIST_ITEM, 0, "b) 乙"),
        (BlockKind.LIST_ITEM, 0, "三、 登记"),
        (BlockKind.LIST_ITEM, 0, "(1) 丙"),
        (BlockKind.PARAGRAPH, 0, "完毕"),
    ]


def test_pptx_table_header_of_two_rows_names_every_column():
    presentation = one_slide()
    shapes = presentation.slides[0].shapes
    table = shapes.add_table(3, 3, 0, Inches(3), Inches(3), Inches(3)).table
    for at, texts in enumerate((("名", "量", ""), ("", "a", "b"), ("x", "1", "2"))):
        for column, text in enumerate(texts):
            table.cell(at, column).text = text
    table.cell(0, 0).merge(table.cell(1, 0))
    table.cell(0, 1).merge(table.cell(0, 2))
    assert blocks_of(parsed(presentation))[1:] == [
        (BlockKind.TABLE, 0, "名 | 量 a | 量 b\nx | 1 | 2"),
    ]


def test_pptx_table_rows_are_lines_and_say_the_labels_merged_over_them():
    presentation = one_slide()
    shapes = presentation.slides[0].shapes
    table = shapes.add_table(3, 3, 0, Inches(3), Inches(3), Inches(3)).table
    for row in range(3):
        for column in range(3):
            table.cell(row, column).text = f"{row}{column}"
    table.cell(0, 0).merge(table.cell(0, 1))
    table.cell(0, 0).text = "横"
    table.cell(1, 2).merge(table.cell(2, 2))
    table.cell(1, 2).text = "竖\n行"
    frame = shapes.add_table(1, 1, 0, Inches(6), Inches(3), Inches(3)).table
    frame.cell(0, 0).text = "方框"
    assert blocks_of(parsed(presentation))[1:] == [
        (BlockKind.TABLE, 0, "横 |  | 02\n10 | 11 | 竖 行\n20 | 21 | 竖 行"),
        (BlockKind.PARAGRAPH, 0, "方框"),
    ]


def charted(categories=("一月", "二月")):
    presentation = one_slide()
    data = CategoryChartData(number_format="0%")
    data.categories = categories
    data.add_series("甲", (0.5, 0.25))
    data.add_series("乙", (1, None))
    chart = presentation.slides[0].shapes.add_chart(XL_CHART_TYPE.LINE, 0, 0, 99, 99, data).chart
    chart.has_title = True
    chart.chart_title.text_frame.text = "出库率"
    return presentation


def test_pptx_chart_is_its_title_and_a_table():
    assert blocks_of(parsed(charted()))[1:] == [
        (BlockKind.PARAGRAPH, 0, "出库率"),
        (BlockKind.TABLE, 0, "| 甲 | 乙\n一月 | 50% | 100%\n二月 | 25% |"),
    ]


def test_pptx_chart_with_a_boundless_count_of_points_is_read():
    content = rewritten(
        saved(charted()),
        **{
            "ppt/charts/chart1.xml": lambda data: data.replace(
                b'<c:ptCount val="2"/>', b'<c:ptCount val="999999999999"/>'
            )
        },
    )
    assert "一月 | 50%" in parse_pptx(content, "a.pptx").text


def test_pptx_diagram_texts_are_list_items():
    presentation = one_slide()
    slide = presentation.slides[0]
    data = (
        '<dgm:dataModel xmlns:dgm="http://schemas.openxmlformats.org/drawingml/2006/diagram" '
        f"{nsdecls('a')}><dgm:ptLst><dgm:pt><dgm:t><a:p><a:r><a:t>收货</a:t></a:r></a:p></dgm:t>"
        '</dgm:pt><dgm:pt type="pres"/></dgm:ptLst></dgm:dataModel>'
    )
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/diagramData"
    name = pptx.opc.packuri.PackURI("/ppt/diagrams/data1.xml")
    part = pptx.opc.package.Part(name, "application/xml", slide.part.package, data.encode())
    relation = slide.part.relate_to(part, kind)
    frame = slide.shapes.add_table(1, 1, 0, 0, 9, 9)._element
    drawn = frame.find(f"{qn('a:graphic')}/{qn('a:graphicData')}")
    drawn[0].addnext(
        parse_xml(
            '<dgm:relIds xmlns:dgm="http://schemas.openxmlformats.org/drawingml/2006/diagram" '
            f'{nsdecls("r")} r:dm="{relation}"/>'
        )
    )
    assert blocks_of(parsed(presentation))[1:] == [(BlockKind.LIST_ITEM, 0, "收货")]


def test_pptx_notes_follow_their_slide_and_are_marked():
    presentation = one_slide("入库")
    presentation.slides[0].notes_slide.notes_text_frame.text = "先问。\n再答。"
    slide_of(presentation, LISTED, "出库")
    assert blocks_of(parsed(presentation)) == [
        (BlockKind.HEADING, 2, "入库"),
        (BlockKind.PARAGRAPH, 0, "备注 Notes: 先问。"),
        (BlockKind.PARAGRAPH, 0, "再答。"),
        (BlockKind.HEADING, 2, "出库"),
    ]


def test_pptx_hidden_slides_and_shapes_are_left_out():
    presentation = one_slide("见")
    slide_of(presentation, LISTED, "藏")._element.set("show", "0")
    slide_of(presentation, BLANK)
    hidden = box(presentation.slides[0].shapes, "隐", 1, 5)
    hidden._element.nvSpPr.cNvPr.set("hidden", "1")
    document = parsed(presentation)
    assert document.text == "见"
    assert document.page_count == 3
    assert document.warnings == (
        "Slides that are hidden and were left out: 2.",
        "Slides that have no text: 3.",
        "Hidden text was left out: 1 character on slide 1 (in shapes that are hidden).",
    )


def test_pptx_slide_numbers_and_footers_are_left_out():
    presentation = one_slide()
    slide = presentation.slides[0]
    for kind in ("sldNum", "ftr", "dt"):
        shape = box(slide.shapes, "第 1 页", 1, 6)
        shape._element.nvSpPr.nvPr.append(parse_xml(f'<p:ph {nsdecls("p")} type="{kind}"/>'))
    assert texts(presentation) == ["一页"]


def test_pptx_first_line_of_a_slide_without_title_is_its_heading():
    presentation = deck()
    slide = slide_of(presentation, BLANK)
    box(slide.shapes, "出库流程", 1, 0.3)
    box(slide.shapes, "先清点，再登记。", 1, 2)
    lone = slide_of(presentation, BLANK)
    box(lone.shapes, "先清点，再登记。", 1, 0.3)
    box(lone.shapes, "完毕", 1, 2)
    assert [kind for kind, _, _ in blocks_of(parsed(presentation))] == [
        BlockKind.HEADING,
        BlockKind.PARAGRAPH,
        BlockKind.PARAGRAPH,
        BlockKind.PARAGRAPH,
    ]


def test_pptx_what_is_drawn_in_two_ways_is_read_once_and_comments_not():
    presentation = one_slide()
    shape = box(presentation.slides[0].shapes, "公式", 1, 3)._element
    shape.getparent().replace(
        shape,
        parse_xml(
            '<mc:AlternateContent xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
            f"{nsdecls('p', 'a')}><!-- c --><mc:Choice Requires='a14'><p:sp><p:nvSpPr><p:cNvPr id='9' name=''/>"
            "<p:cNvSpPr/><p:nvPr/></p:nvSpPr><p:spPr/><p:txBody><a:bodyPr/><a:p><a:r><a:t>面<!-- x -->积</a:t></a:r>"
            "<m:oMath xmlns:m='http://schemas.openxmlformats.org/officeDocument/2006/math'><m:r><m:t>=πr²</m:t></m:r>"
            "</m:oMath></a:p></p:txBody></p:sp></mc:Choice><mc:Fallback><p:sp><p:nvSpPr><p:cNvPr id='9' name=''/>"
            "<p:cNvSpPr/><p:nvPr/></p:nvSpPr><p:spPr/><p:txBody><a:bodyPr/><a:p><a:r><a:t>旧</a:t></a:r></a:p>"
            "</p:txBody></p:sp></mc:Fallback></mc:AlternateContent>"
        ),
    )
    assert texts(presentation) == ["一页", "面积=πr²"]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("盘点制度", "盘点制度"),
        ("PowerPoint 演示文稿", "一页"),
        ("PowerPoint Presentation", "一页"),
    ],
)
def test_pptx_title_is_that_of_its_properties_if_an_author_gave_one(given, expected):
    presentation = one_slide()
    presentation.core_properties.title = given
    assert parsed(presentation).title == expected


def test_pptx_saved_as_a_show_is_read():
    content = rewritten(
        saved(one_slide()),
        **{
            "[Content_Types].xml": lambda data: data.replace(
                b"presentation.main", b"slideshow.main"
            )
        },
    )
    assert parse_pptx(content, "a.ppsx").text == "一页"


def test_pptx_slide_listed_twice_is_read_once():
    presentation = one_slide()
    listed = presentation.part._element.sldIdLst
    again = parse_xml(f'<p:sldId {nsdecls("p", "r")} id="999" r:id="{listed[0].get(qn("r:id"))}"/>')
    listed.append(again)
    assert texts(presentation) == ["一页"]


def test_pptx_text_beyond_reason_raises_document_too_large(monkeypatch):
    monkeypatch.setattr(pptx_parser, "LARGEST_TEXT", 3)
    with pytest.raises(DocumentTooLarge, match="characters"):
        parsed(one_slide("四个汉字"))


def test_pptx_unpacking_to_too_much_raises_document_too_large(monkeypatch):
    monkeypatch.setattr(package, "LARGEST_UNPACKED", 1000)
    with pytest.raises(DocumentTooLarge, match="bytes"):
        parsed(one_slide())


def nested(data):
    group = b"<p:grpSp><p:nvGrpSpPr/><p:grpSpPr/>"
    return data.replace(b"</p:spTree>", group * 10_000 + b"</p:grpSp>" * 10_000 + b"</p:spTree>")


@pytest.mark.parametrize(
    "changes",
    [
        {SLIDE: lambda _: b"<broken"},
        {SLIDE: lambda _: None},
        {SLIDE: nested},
        {SLIDE: lambda data: b'<!DOCTYPE a [<!ENTITY b "c">]>' + data},
        {"[Content_Types].xml": lambda _: b"<Types/>"},
        {"ppt/presentation.xml": lambda _: None},
        {"_rels/.rels": lambda data: data.replace(b"Target=", b"Turget=")},
    ],
)
def test_pptx_damaged_part_raises_broken_document(changes):
    with pytest.raises(BrokenDocument):
        parse_pptx(rewritten(saved(one_slide()), **changes), "a.pptx")


def test_pptx_with_a_damaged_member_raises_broken_document():
    with pytest.raises(BrokenDocument):
        parse_pptx(with_damaged_member(saved(one_slide())), "a.pptx")


def test_pptx_cut_short_raises_broken_document():
    content = saved(one_slide())
    with pytest.raises(BrokenDocument):
        parse_pptx(content[: len(content) // 2], "a.pptx")


def test_pptx_chain_of_too_many_parts_raises_broken_document():
    def relation(target):
        return (
            '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
            f'<Relationship Id="rId1" Type="http://a.invalid/next" Target="{target}"/></Relationships>'
        )

    buffer = io.BytesIO(saved(one_slide()))
    with zipfile.ZipFile(buffer, "a") as package:
        for number in range(1500):
            package.writestr(f"ppt/chain/{number}.xml", "<a/>")
            package.writestr(f"ppt/chain/_rels/{number}.xml.rels", relation(f"{number + 1}.xml"))
    link = b'<Relationship Id="rId99" Type="http://a.invalid/next" Target="chain/0.xml"/>'
    content = rewritten(
        buffer.getvalue(),
        **{
            "ppt/_rels/presentation.xml.rels": lambda data: data.replace(
                b"</Relationships>", link + b"</Relationships>"
            )
        },
    )
    with pytest.raises(BrokenDocument, match="recursion"):
        parse_pptx(content, "a.pptx")


def test_pptx_relations_in_a_circle_are_read():
    presentation = one_slide()
    slide = presentation.slides[0].part
    slide.relate_to(
        slide, "http://schemas.openxmlformats.org/officeDocument/2006/relationships/slide"
    )
    assert texts(presentation) == ["一页"]


def test_pptx_without_text_raises_empty_document():
    presentation = deck()
    slide_of(presentation, BLANK)
    with pytest.raises(EmptyDocument):
        parsed(presentation)


def test_pptx_shapes_hidden_or_beside_the_slide_are_left_out_and_counted():
    presentation = deck()
    slide = slide_of(presentation, BLANK)
    box(slide.shapes, "可见", 1, 1)
    box(slide.shapes, "旁边 的", 20, 1)
    box(slide.shapes, "半边", -0.5, 3)
    box(slide.shapes, "藏", 1, 5)._element.nvSpPr.cNvPr.set("hidden", "1")
    document = parsed(presentation)
    assert "可见" in document.text
    assert "半边" in document.text
    assert "旁" not in document.text
    assert document.warnings == (
        "Hidden text was left out: 1 character on slide 1 (in shapes that are hidden).",
        "Hidden text was left out: 3 characters on slide 1 (beside the slide).",
    )
