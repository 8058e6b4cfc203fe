import io

import docx
import pptx

from ingestion import media
from ingestion.parsers import libreoffice


def saved(document):
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def test_doc_is_read_as_the_docx_it_becomes_and_stays_a_doc(monkeypatch):
    word = docx.Document()
    word.add_paragraph("一段文字")
    monkeypatch.setattr(libreoffice, "convert", lambda _content, _kind: saved(word))
    document = libreoffice.parse_doc(b"old", "a.doc")
    assert (document.text, document.media_type) == ("一段文字", media.DOC)


def test_ppt_is_read_as_the_pptx_it_becomes_and_stays_a_ppt(monkeypatch):
    deck = pptx.Presentation()
    deck.slides.add_slide(deck.slide_layouts[0]).shapes.title.text = "标题"
    monkeypatch.setattr(libreoffice, "convert", lambda _content, _kind: saved(deck))
    document = libreoffice.parse_ppt(b"old", "a.ppt")
    assert (document.text, document.media_type) == ("标题", media.PPT)
