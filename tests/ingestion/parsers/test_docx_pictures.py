import io
import re

import docx
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from docx.shared import Cm

from ingestion.errors import EmptyDocument
from ingestion.parsers.docx import parse_docx
from ingestion.records import PLAIN, BlockKind, ParseOptions
from tests.ingestion.parsers.office_samples import blocks_of, rewritten
from tests.ingestion.parsers.picture_samples import Reader, png


def saved(word):
    buffer = io.BytesIO()
    word.save(buffer)
    return buffer.getvalue()


def parsed(word, reader, options=PLAIN):
    return parse_docx(saved(word), "a.docx", options, load=reader.load)


def texts(word, reader):
    return [text for _, _, text in blocks_of(parsed(word, reader))]


def test_docx_pictures_are_read_where_they_stand_with_their_alt_text():
    word = docx.Document()
    word.core_properties.title = ""
    word.add_paragraph("Before.")
    word.add_picture(io.BytesIO(png(300)), Cm(10))
    drawing = word.paragraphs[-1]._p.xpath(".//wp:docPr")[0]
    drawing.set("descr", "Plan of the yard")
    word.add_paragraph("After.")
    document = parsed(word, Reader(w300="Gate A is in the north."))
    assert blocks_of(document) == [
        (BlockKind.PARAGRAPH, 0, "Before."),
        (BlockKind.CAPTION, 0, "Plan of the yard"),
        (BlockKind.PARAGRAPH, 0, "Gate A is in the north."),
        (BlockKind.PARAGRAPH, 0, "After."),
    ]
    assert document.warnings == ("Text recognised by OCR in pictures: 1.",)


def test_docx_of_scanned_pages_has_their_text_and_without_ocr_none():
    word = docx.Document()
    for width in (400, 410):
        word.add_picture(io.BytesIO(png(width, 560)), Cm(15))
    reader = Reader(w400="The first page ends here.", w410="The second page begins here.")
    document = parsed(word, reader)
    assert "The first page ends here." in document.text
    assert "The second page begins here." in document.text
    with pytest.raises(EmptyDocument, match="switched off"):
        parsed(word, reader, ParseOptions(ocr=False))


def test_docx_pictures_in_cells_come_after_the_table_and_small_ones_are_icons():
    word = docx.Document()
    table = word.add_table(2, 2)
    for number, cell in enumerate(cell for row in table.rows for cell in row.cells):
        cell.text = f"c{number}"
    table.cell(1, 1).paragraphs[0].add_run().add_picture(io.BytesIO(png(300)), Cm(7))
    word.add_paragraph("").add_run().add_picture(io.BytesIO(png(310)), Cm(1))
    reader = Reader(w300="In a cell.", w310="icon")
    assert texts(word, reader) == ["c0 | c1\nc2 | c3", "In a cell."]


def test_docx_hidden_and_linked_pictures_are_not_read():
    word = docx.Document()
    word.add_paragraph("Text.")
    word.add_picture(io.BytesIO(png(300)), Cm(10))
    word.paragraphs[-1].runs[0].font.hidden = True
    word.add_picture(io.BytesIO(png(310)), Cm(10))
    word.paragraphs[-1]._p.xpath(".//wp:docPr")[0].set("hidden", "1")
    word.add_picture(io.BytesIO(png(320)), Cm(10))

    def link(data):
        target = rb'Target="media/image3\.png"'
        return re.sub(target, b'Target="http://a.invalid/x.png" TargetMode="External"', data)

    reader = Reader(w300="hidden", w310="hidden", w320="linked")
    content = rewritten(saved(word), **{"word/_rels/document.xml.rels": link})
    assert parse_docx(content, "a.docx", load=reader.load).text == "Text."
    assert reader.widths == []


def test_docx_pictures_of_older_word_and_of_groups_are_read():
    word = docx.Document()
    word.add_picture(io.BytesIO(png(300)), Cm(10))
    run = word.paragraphs[-1]._p.xpath("./w:r")[0]
    relation = run.xpath(".//a:blip/@r:embed")[0]
    old = (
        f'<w:pict {nsdecls("w", "r")} xmlns:v="urn:schemas-microsoft-com:vml">'
        f'<v:shape style="width:283pt;height:189pt"><v:imagedata r:id="{relation}"/></v:shape>'
        "</w:pict>"
    )
    run.replace(run.xpath("./w:drawing")[0], parse_xml(old))
    assert texts(word, Reader(w300="Old drawing.")) == ["Old drawing."]
    run.xpath("./w:pict/*")[0].set("style", "width:20pt;height:20pt")
    with pytest.raises(EmptyDocument):
        parsed(word, Reader(w300="Old drawing."))


@pytest.mark.parametrize("target", ["../../../../etc/passwd", "http://a.invalid/x.png"])
def test_docx_picture_that_leads_nowhere_is_left_out_and_the_text_stays(target):
    word = docx.Document()
    word.add_paragraph("Text.")
    word.add_picture(io.BytesIO(png(320)), Cm(10))

    def mislead(data):
        return data.replace(b"media/image1.png", target.encode())

    reader = Reader(w320="not there")
    content = rewritten(saved(word), **{"word/_rels/document.xml.rels": mislead})
    assert parse_docx(content, "a.docx", load=reader.load).text == "Text."
    assert reader.widths == []
