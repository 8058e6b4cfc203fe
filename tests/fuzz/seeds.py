"""A small good file of every format, to be changed by `tests.fuzz.mutations`."""

import io
import zipfile
from pathlib import Path

import docx
import pptx
import xlsxwriter
from docx.enum.style import WD_STYLE_TYPE
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.util import Inches

from tests.ingestion.parsers.pdf_samples import CHINESE, Sheet

TEXT = """第一章 总则
第一条 为了保障安全，制定本办法。
一、适用范围
（一）所有车间；
1. 设备每月检查一次，见 3.2 节。

The limit is 12.5 kg. It must not be exceeded by any member of staff, at any time, without
written leave of the supervisor.
"""
MARKDOWN = """---
title: "Guide"
---
# One {#one}

Text with `code`, *stress* and [a link](x.md "t").<br>More.

| a | b |
|---|---|
| 1 | 2 |

1. first
   - inner
2. second

> quoted

```python
print(1)
```

/// note | Title
inside
///
<div><p hidden>gone</p><b>kept</b></div>
"""
HTML = """<!doctype html><html><head><meta charset="utf-8"><title>Page</title>
<style>.gone{display:none}</style></head><body><nav>menu</nav><main><h1>Head</h1>
<p>One<br>two <span class="gone">not</span></p><table><tr><th>a</th><th colspan="2">b</th></tr>
<tr><td rowspan="2">1</td><td>2</td><td>3</td></tr></table><ul><li>x<ol start="3"><li>y</li></ol>
</li></ul><pre>code</pre><dl><dt>t</dt><dd>d</dd></dl><details><summary>s</summary>x</details>
</main><footer>foot</footer><script>x()</script></body></html>"""
MAIL = """From: A <a@example.org>
To: b@example.org
Subject: =?utf-8?B?5rWL6K+V?= report
Date: Mon, 1 Jan 2024 10:00:00 +0800
Message-ID: <1@example.org>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="x"

--x
Content-Type: multipart/alternative; boundary="y"

--y
Content-Type: text/plain; charset=gbk
Content-Transfer-Encoding: base64

suPK1M7Ez/s=
--y
Content-Type: text/html; charset=utf-8
Content-Transfer-Encoding: quoted-printable

<p>Caf=C3=A9 <b>bold</b></p>
--y--
--x
Content-Type: text/plain; name="a.txt"
Content-Disposition: attachment; filename*=utf-8''a%20b.txt

attached
> quoted
--x--
"""
ODT_NAMES = " ".join(
    f'xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for short, name in [
        ("office", "office"),
        ("style", "style"),
        ("text", "text"),
        ("table", "table"),
    ]
)


def seeds() -> dict[str, bytes]:
    """Return the files by name."""
    return {
        "plain.txt": TEXT.encode(),
        "gbk.txt": TEXT.encode("gbk"),
        "wide.txt": TEXT.encode("utf-16"),
        "guide.md": MARKDOWN.encode(),
        "page.html": HTML.encode(),
        "mail.eml": MAIL.encode(),
        "table.csv": b'a,b,c\n1,"x,\ny",3\n4;5\t6\n"open,7\n',
        "letter.rtf": rb"{\rtf1\ansi\ansicpg936{\fonttbl{\f0 Arial;}}\f0\b Head\b0\par \'b2\'e2 \u27979?{\*\x y}}",
        "drawn.pdf": _pdf(compressed=False),
        "packed.pdf": _pdf(compressed=True),
        "letter.docx": _docx(),
        "deck.pptx": _pptx(),
        "book.xlsx": _xlsx(),
        "text.odt": _odt(),
        "book.epub": _epub(),
    }


def seeds_of(folder: Path, largest: int) -> dict[str, bytes]:
    """Return the files of a folder that have at most `largest` bytes."""
    found = [path for path in sorted(folder.iterdir()) if path.is_file()]
    return {path.name: path.read_bytes() for path in found if path.stat().st_size <= largest}


def _pdf(*, compressed: bool) -> bytes:
    sheet = Sheet(pageCompression=int(compressed))
    for page in (1, 2):
        sheet.line(72, 800, "Running head")
        sheet.line(72, 770, f"{page} Heading", size=18, font="Helvetica-Bold")
        sheet.canvas.bookmarkPage(f"p{page}")
        sheet.canvas.addOutlineEntry(f"Heading {page}", f"p{page}", level=page - 1)
        y = sheet.lines(72, 740, ["Some words that are broken at the mar-", "gin of a line."] * 3)
        sheet.lines(72, y, ["第一条 为了保障安全，制定本办法。", "一、适用范围"], font=CHINESE)
        sheet.lines(320, 740, ["A second column", "of text."] * 3)
        sheet.canvas.grid([72, 172, 272], [300, 320, 340])
        for row, y in enumerate((325, 305)):
            sheet.line(80, y, f"cell {row}")
            sheet.line(180, y, "12.5")
        sheet.line(290, 30, f"- {page} -")
        sheet.next_page()
    return sheet.content()


def _docx() -> bytes:
    word = docx.Document()
    word.core_properties.title = "Letter"
    word.styles.add_style("标题 2", WD_STYLE_TYPE.PARAGRAPH)
    word.add_heading("第一章 总则", 1)
    word.add_paragraph("Plain words, ").add_run("bold").bold = True
    word.add_paragraph("one", style="List Number")
    word.add_paragraph("two", style="List Bullet")
    table = word.add_table(3, 3)
    for number, cell in enumerate(table._cells):
        cell.text = f"cell {number}"
    table.cell(0, 0).merge(table.cell(1, 1))
    word.sections[0].header.paragraphs[0].text = "head"
    return _saved(word)


def _pptx() -> bytes:
    deck = pptx.Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[1])
    slide.shapes.title.text = "Slide"
    slide.placeholders[1].text = "point\nother"
    slide.notes_slide.notes_text_frame.text = "note"
    inch = Inches(1)
    table = slide.shapes.add_table(2, 2, inch, inch, inch, inch).table
    table.cell(0, 0).text = "a"
    table.cell(0, 0).merge(table.cell(0, 1))
    chart = CategoryChartData()
    chart.categories = ["x", "y"]
    chart.add_series("s", (1, 2))
    slide.shapes.add_chart(XL_CHART_TYPE.PIE, inch, inch, inch, inch, chart)
    group = slide.shapes.add_group_shape()
    group.shapes.add_textbox(inch, inch, inch, inch).text_frame.text = "in a group"
    return _saved(deck)


def _saved(file: object) -> bytes:
    buffer = io.BytesIO()
    file.save(buffer)
    return buffer.getvalue()


def _xlsx() -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        sheet = book.add_worksheet("库存")
        sheet.write_row(0, 0, ["name", "number", "date"])
        sheet.write_row(1, 0, ["螺丝", 12.5])
        sheet.write_number(1, 2, 45000, book.add_format({"num_format": "yyyy-mm-dd"}))
        sheet.write_formula(2, 1, "=SUM(B2:B2)", None, 12.5)
        sheet.merge_range(4, 0, 4, 2, "merged")
        sheet.write_comment(0, 0, "remark")
        book.add_worksheet("empty")
    return buffer.getvalue()


def _odt() -> bytes:
    body = (
        '<text:h text:outline-level="1">Head</text:h><text:p text:style-name="P1">Words'
        '<text:s text:c="3"/><text:tab/>more<text:line-break/>line</text:p>'
        '<text:list text:style-name="L"><text:list-item><text:p>one</text:p></text:list-item></text:list>'
        '<table:table><table:table-row table:number-rows-repeated="2"><table:table-cell'
        ' table:number-columns-repeated="2"><text:p>a</text:p></table:table-cell>'
        "<table:covered-table-cell/></table:table-row></table:table>"
    )
    styles = (
        '<style:style style:name="P1" style:family="paragraph" style:parent-style-name="P2"/>'
        '<text:list-style style:name="L"><text:list-level-style-number text:level="1"'
        ' style:num-format="1" style:num-suffix="." text:start-value="3"/></text:list-style>'
    )
    content = (
        f"<office:document-content {ODT_NAMES}><office:automatic-styles>{styles}"
        f"</office:automatic-styles><office:body><office:text>{body}</office:text></office:body>"
        "</office:document-content>"
    )
    return _package("application/vnd.oasis.opendocument.text", {"content.xml": content})


def _epub() -> bytes:
    container = (
        '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
        '<rootfile full-path="OPS/book.opf"/></rootfiles></container>'
    )
    opf = (
        '<package xmlns="http://www.idpf.org/2007/opf"><metadata xmlns:dc="http://purl.org/dc/'
        'elements/1.1/"><dc:title>Book</dc:title></metadata><manifest><item id="a" href="a.xhtml"'
        ' media-type="application/xhtml+xml"/><item id="b" href="b.xhtml"'
        ' media-type="application/xhtml+xml"/></manifest><spine><itemref idref="b"/>'
        '<itemref idref="a" linear="no"/></spine></package>'
    )
    page = '<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><body>{}</body></html>'
    parts = {
        "META-INF/container.xml": container,
        "OPS/book.opf": opf,
        "OPS/a.xhtml": page.format("<h1>One</h1><p>first<a/> words</p>"),
        "OPS/b.xhtml": page.format("<h2>Two</h2><table><tr><td>1</td><td>2</td></tr></table>"),
    }
    return _package("application/epub+zip", parts)


def _package(mimetype: str, parts: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", mimetype, zipfile.ZIP_STORED)
        for name, text in parts.items():
            archive.writestr(name, text)
    return buffer.getvalue()
