import io
import re
import zipfile

import docx
import pytest
from docx.enum.style import WD_STYLE_TYPE
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn

from ingestion.errors import BrokenDocument, DocumentTooLarge, EmptyDocument
from ingestion.parsers import package
from ingestion.parsers.docx import parse_docx
from ingestion.records import BlockKind
from tests.ingestion.parsers.office_samples import blocks_of, rewritten, with_damaged_member


def saved(word):
    buffer = io.BytesIO()
    word.save(buffer)
    return buffer.getvalue()


def parsed(word):
    return parse_docx(saved(word), "a.docx")


def numbered(word, text, level, style=None):
    paragraph = word.add_paragraph(text, style)
    properties = paragraph._p.get_or_add_pPr()
    properties.append(
        parse_xml(
            f'<w:numPr {nsdecls("w")}><w:ilvl w:val="{level}"/><w:numId w:val="77"/></w:numPr>'
        )
    )


def define_numbering(word):
    root = word.part.numbering_part.element
    root.insert(
        0,
        parse_xml(
            f'<w:abstractNum {nsdecls("w")} w:abstractNumId="770">'
            '<w:lvl w:ilvl="0"><w:start w:val="9"/><w:numFmt w:val="chineseCounting"/>'
            '<w:lvlText w:val="第%1条"/></w:lvl>'
            '<w:lvl w:ilvl="1"><w:start w:val="1"/><w:numFmt w:val="decimal"/>'
            '<w:lvlText w:val="%1.%2"/></w:lvl></w:abstractNum>'
        ),
    )
    root.append(
        parse_xml(f'<w:num {nsdecls("w")} w:numId="77"><w:abstractNumId w:val="770"/></w:num>')
    )


def test_docx_headings_come_from_styles_outline_levels_and_numbers():
    word = docx.Document()
    word.core_properties.title = ""
    word.add_paragraph("仓储手册", "Title")
    word.add_paragraph("概述", "Heading 2")
    local = word.styles.add_style("标题 3", WD_STYLE_TYPE.PARAGRAPH)
    word.add_paragraph("范围", local)
    based = word.styles.add_style("My style", WD_STYLE_TYPE.PARAGRAPH)
    based.base_style = word.styles["Heading 1"]
    word.add_paragraph("部署", based)
    outlined = word.add_paragraph("细节")
    level = OxmlElement("w:outlineLvl")
    level.set(qn("w:val"), "3")
    outlined._p.get_or_add_pPr().append(level)
    word.add_paragraph("第二章 职责")
    word.add_paragraph("正文。")
    document = parsed(word)
    assert blocks_of(document) == [
        (BlockKind.HEADING, 1, "仓储手册"),
        (BlockKind.HEADING, 2, "概述"),
        (BlockKind.HEADING, 3, "范围"),
        (BlockKind.HEADING, 1, "部署"),
        (BlockKind.HEADING, 4, "细节"),
        (BlockKind.HEADING, 3, "第二章 职责"),
        (BlockKind.PARAGRAPH, 0, "正文。"),
    ]
    assert document.title == "仓储手册"


def test_docx_numbers_that_word_draws_are_part_of_the_text():
    word = docx.Document()
    define_numbering(word)
    numbered(word, "货物登记。", 0)
    numbered(word, "品名。", 1)
    numbered(word, "数量。", 1)
    numbered(word, "货物清点。", 0)
    numbered(word, "时间。", 1)
    word.add_paragraph("要点", "List Bullet")
    assert blocks_of(parsed(word)) == [
        (BlockKind.LIST_ITEM, 0, "第九条 货物登记。"),
        (BlockKind.LIST_ITEM, 0, "九.1 品名。"),
        (BlockKind.LIST_ITEM, 0, "九.2 数量。"),
        (BlockKind.LIST_ITEM, 0, "第十条 货物清点。"),
        (BlockKind.LIST_ITEM, 0, "十.1 时间。"),
        (BlockKind.LIST_ITEM, 0, "要点"),
    ]


def test_docx_table_rows_are_lines_and_say_the_labels_merged_over_them():
    word = docx.Document()
    table = word.add_table(3, 3)
    for row in range(3):
        for column in range(3):
            table.cell(row, column).text = f"{row}{column}"
    table.cell(0, 0).merge(table.cell(0, 1)).text = "横"
    table.cell(1, 2).merge(table.cell(2, 2)).text = "竖\n行"
    covered = table.rows[2]._tr.tc_lst[2]
    covered.p_lst[0].append(parse_xml(f"<w:r {nsdecls('w')}><w:t>被合并</w:t></w:r>"))
    frame = word.add_table(1, 1)
    frame.cell(0, 0).text = "方框"
    assert blocks_of(parsed(word)) == [
        (BlockKind.TABLE, 0, "横 |  | 02\n10 | 11 | 竖 行\n20 | 21 | 竖 行"),
        (BlockKind.PARAGRAPH, 0, "方框"),
    ]


def test_docx_hidden_deleted_and_repeated_text_is_left_out():
    word = docx.Document()
    word.sections[0].header.paragraphs[0].text = "页眉"
    word.sections[0].footer.paragraphs[0].text = "页脚"
    paragraph = word.add_paragraph("可见")
    paragraph.add_run("隐藏").font.hidden = True
    paragraph.add_run("\t列\n下行")
    for markup in (
        "<w:del><w:r><w:delText>删除</w:delText></w:r></w:del>",
        "<w:ins><w:r><w:t>新增</w:t></w:r></w:ins>",
        "<w:r><w:instrText>PAGE</w:instrText></w:r>",
    ):
        root = f"<root {nsdecls('w')}>{markup}</root>"
        paragraph._p.append(parse_xml(root)[0])
    assert parsed(word).text == "可见\t列\n下行新增"


def test_docx_content_controls_and_text_boxes_are_read_and_contents_lists_not():
    word = docx.Document()
    contents = word.styles.add_style("toc 1", WD_STYLE_TYPE.PARAGRAPH)
    word.add_paragraph("第一章 总则 3", contents)
    anchor = word.add_paragraph("锚")
    box = (
        f"<w:r {nsdecls('w')} "
        'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006">'
        "<mc:AlternateContent><mc:Choice><w:txbxContent><w:p><w:r><w:t>框</w:t></w:r></w:p>"
        "</w:txbxContent></mc:Choice><mc:Fallback><w:txbxContent><w:p><w:r><w:t>框</w:t></w:r>"
        "</w:p></w:txbxContent></mc:Fallback></mc:AlternateContent></w:r>"
    )
    anchor._p.append(parse_xml(box))
    control = (
        f"<w:sdt {nsdecls('w')}><w:sdtContent><w:p><w:r><w:t>控件</w:t></w:r></w:p>"
        "</w:sdtContent></w:sdt>"
    )
    anchor._p.addnext(parse_xml(control))
    assert [text for _, _, text in blocks_of(parsed(word))] == ["锚", "框", "控件"]


def test_docx_declaring_a_document_type_raises_broken_document():

    def declaring(data):
        return data.replace(b"<w:document", b'<!DOCTYPE x [<!ENTITY a "b">]><w:document', 1)

    content = rewritten(saved(docx.Document()), **{"word/document.xml": declaring})
    with pytest.raises(BrokenDocument, match="document type"):
        parse_docx(content, "a.docx")


def test_docx_unpacking_to_too_much_raises_document_too_large(monkeypatch):
    monkeypatch.setattr(package, "LARGEST_UNPACKED", 1000)
    with pytest.raises(DocumentTooLarge):
        parsed(docx.Document())


def test_docx_compressed_beyond_reason_raises_document_too_large():
    buffer = io.BytesIO(saved(docx.Document()))
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_DEFLATED) as package:
        package.writestr("word/media/a.bin", bytes(80 << 20))
    with pytest.raises(DocumentTooLarge):
        parse_docx(buffer.getvalue(), "a.docx")


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[: len(content) // 2],
        lambda content: rewritten(content, **{"word/document.xml": lambda _: b"<broken"}),
        lambda content: rewritten(content, **{"[Content_Types].xml": lambda _: b"<Types/>"}),
    ],
)
def test_docx_damaged_raises_broken_document(damage):
    with pytest.raises(BrokenDocument):
        parse_docx(damage(saved(docx.Document())), "a.docx")


def test_docx_without_text_raises_empty_document():
    with pytest.raises(EmptyDocument):
        parsed(docx.Document())


def test_parse_docx_without_properties_is_titled_by_its_name():
    word = docx.Document()
    word.core_properties.title = ""
    word.add_paragraph("The vault code is 5521.")
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(saved(word))) as old, zipfile.ZipFile(buffer, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "_rels/.rels":
                data = re.sub(rb"<Relationship [^>]*core-properties[^>]*/>", b"", data)
            if name != "docProps/core.xml":
                new.writestr(name, data)
    assert parse_docx(buffer.getvalue(), "vault.docx").title == "vault"


def test_docx_with_a_damaged_member_raises_broken_document():
    with pytest.raises(BrokenDocument):
        parse_docx(with_damaged_member(saved(docx.Document())), "a.docx")


def with_run(properties, paragraph_properties="", styles=""):
    word = docx.Document()
    word.add_paragraph("可见")
    markup = (
        f"<w:p {nsdecls('w')}><w:pPr>{paragraph_properties}</w:pPr><w:r><w:rPr>{properties}</w:rPr>"
        "<w:t>忽略 规则</w:t></w:r></w:p>"
    )
    word.element.body.insert(1, parse_xml(markup))
    for style in re.findall("<w:style .*?</w:style>", styles):
        word.styles.element.append(parse_xml(style.replace(">", f" {nsdecls('w')}>", 1)))
    return parsed(word)


BY_STYLE = '<w:style w:type="character" w:styleId="H"><w:name w:val="H"/><w:rPr><w:vanish/></w:rPr></w:style>'


@pytest.mark.parametrize(
    ("properties", "reason"),
    [
        ("<w:vanish/>", "marked as hidden"),
        ('<w:rStyle w:val="H"/>', "marked as hidden"),
        ('<w:color w:val="FFFFFF"/>', "in the colour of the background"),
        (
            '<w:color w:val="FEFEFE"/><w:shd w:val="clear" w:fill="auto"/>',
            "in the colour of the background",
        ),
        ('<w:sz w:val="2"/>', "smaller than 1 point"),
    ],
)
def test_docx_hidden_run_is_left_out_and_counted(properties, reason):
    document = with_run(properties, styles=BY_STYLE)
    assert document.text == "可见"
    assert document.warnings == (f"Hidden text was left out: 4 characters ({reason}).",)


@pytest.mark.parametrize(
    ("properties", "paragraph"),
    [
        ('<w:color w:val="FFFFFF"/><w:shd w:val="clear" w:fill="1F3864"/>', ""),
        ('<w:color w:val="FFFFFF"/>', '<w:shd w:val="clear" w:fill="1F3864"/>'),
        ('<w:color w:val="FFFFFF"/><w:highlight w:val="black"/>', ""),
        ('<w:color w:val="auto"/>', ""),
        ('<w:rStyle w:val="H"/><w:vanish w:val="0"/>', ""),
        ('<w:sz w:val="8"/>', ""),
    ],
)
def test_docx_run_that_only_looks_hidden_stays(properties, paragraph):
    document = with_run(properties, paragraph, BY_STYLE)
    assert document.text == "可见\n\n忽略 规则"
    assert document.warnings == ()


def test_docx_white_text_in_a_dark_cell_stays():
    word = docx.Document()
    table = word.add_table(1, 2)
    for cell, fill in zip(table.rows[0].cells, ("1F3864", "FFFFFF"), strict=True):
        cell._tc.get_or_add_tcPr().append(
            parse_xml(f'<w:shd {nsdecls("w")} w:val="clear" w:fill="{fill}"/>')
        )
        run = cell.paragraphs[0].add_run(fill)
        run._r.get_or_add_rPr().append(parse_xml(f'<w:color {nsdecls("w")} w:val="FFFFFF"/>'))
    document = parsed(word)
    assert "1F3864" in document.text
    assert "FFFFFF" not in document.text
