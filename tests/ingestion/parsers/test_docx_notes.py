import io
import zipfile

import docx
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from ingestion.errors import BrokenDocument
from ingestion.parsers.docx import parse_docx
from ingestion.parsers.docx_notes import Notes
from ingestion.records import BlockKind
from tests.ingestion.parsers.office_samples import blocks_of, rewritten

RELATIONS = "word/_rels/document.xml.rels"
TYPE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def note(number, text):
    return f'<w:footnote w:id="{number}"><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:footnote>'


def with_notes(body, footnotes, endnotes=""):
    word = docx.Document()
    word.element.body.insert(0, parse_xml(f"<w:p {nsdecls('w')}>{body}</w:p>"))
    buffer = io.BytesIO()
    word.save(buffer)

    def related(data):
        links = "".join(
            f'<Relationship Id="n{kind}" Type="{TYPE}/{kind}" Target="{kind}.xml"/>'
            for kind in ("footnotes", "endnotes")
        )
        return data.replace(b"</Relationships>", f"{links}</Relationships>".encode())

    content = io.BytesIO(rewritten(buffer.getvalue(), **{RELATIONS: related}))
    with zipfile.ZipFile(content, "a") as package:
        for kind, notes in (("footnotes", footnotes), ("endnotes", endnotes)):
            package.writestr(f"word/{kind}.xml", f"<w:{kind} {nsdecls('w')}>{notes}</w:{kind}>")
    return content.getvalue()


def reference(number, kind="footnote", more=""):
    return f'<w:r><w:{kind}Reference w:id="{number}" {more}/></w:r>'


def run(text):
    return f"<w:r><w:t>{text}</w:t></w:r>"


def test_docx_notes_follow_the_text_in_the_order_of_their_marks():
    body = run("甲") + reference(7) + run("乙") + reference(2, "endnote") + reference(3)
    body += reference(7) + reference(99)
    notes = note(-1, "separator") + note(3, "second") + note(7, "first") + note(8, "unnamed")
    content = with_notes(body, notes, note(2, "end").replace("footnote", "endnote"))
    assert [(kind, text) for kind, _, text in blocks_of(parse_docx(content, "a.docx"))] == [
        (BlockKind.PARAGRAPH, "甲[1]乙[i][2][1]"),
        (BlockKind.FOOTNOTE, "[1] first"),
        (BlockKind.FOOTNOTE, "[2] second"),
        (BlockKind.FOOTNOTE, "[i] end"),
    ]


def test_docx_note_with_a_mark_of_its_own_gets_no_number():
    body = reference(1, more='w:customMarkFollows="1"') + run("*")
    document = parse_docx(with_notes(body, note(1, "* own")), "a.docx")
    assert document.text == "*\n\n* own"


def test_docx_notes_that_are_no_xml_raise_broken_document():
    with pytest.raises(BrokenDocument):
        parse_docx(with_notes(run("a"), "<w:broken"), "a.docx")


def test_notes_of_a_document_without_any_are_none():
    notes = Notes(docx.Document())
    assert notes.mark(parse_xml(f"<w:footnoteReference {nsdecls('w')} w:id='1'/>")) == ""
    assert list(notes.met()) == []
