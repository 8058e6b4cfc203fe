"""Make `documents/workshop-guide.pdf` from `workshop-guide.txt`: one page for each `#` heading.

Usage: python samples/make_pdf.py FONT.ttf

FONT.ttf is a TrueType font with Chinese glyphs; the committed file was made with
DroidSansFallbackFull.ttf (Apache-2.0, Debian package fonts-droid-fallback). Only the glyphs in use
are embedded. The same font and reportlab version give the same bytes.
"""

import re
import sys
from pathlib import Path
from xml.sax.saxutils import escape

from reportlab.lib.enums import TA_LEFT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, PageBreak, Paragraph, SimpleDocTemplate

FOLDER = Path(__file__).parent
CHINESE, LATIN = "Chinese", "Vera"
_LATIN_RUN = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")


def main(font: Path) -> None:
    """Write the PDF."""
    pdfmetrics.registerFont(TTFont(CHINESE, font))
    pdfmetrics.registerFont(TTFont(LATIN, "Vera.ttf"))
    lines = (FOLDER / "workshop-guide.txt").read_text(encoding="utf-8").splitlines()
    target = FOLDER / "documents" / "workshop-guide.pdf"
    document = SimpleDocTemplate(
        str(target), pagesize=A4, title="共享工坊使用指南 Shared Workshop Guide", invariant=1
    )
    document.build(flowables(lines), onFirstPage=_number, onLaterPages=_number)


def flowables(lines: list[str]) -> list[Flowable]:
    """Return headings and paragraphs; every `# ` heading but the first starts a page."""
    story: list[Flowable] = []
    for line in lines:
        marks = len(line) - len(line.lstrip("#"))
        if marks == 1 and story:
            story.append(PageBreak())
        story.append(Paragraph(_marked(line[marks:].strip()), _style(marks)))
    return story


def _style(level: int) -> ParagraphStyle:
    size = {0: 11, 1: 20, 2: 14}[level]
    return ParagraphStyle(
        f"level{level}",
        fontName=CHINESE,
        fontSize=size,
        leading=size * 1.5,
        spaceBefore=8 if level else 0,
        spaceAfter=4,
        alignment=TA_LEFT,
        wordWrap="CJK",
    )


def _marked(text: str) -> str:
    """Set runs of ASCII in the Latin font, which the Chinese one lacks."""
    return _LATIN_RUN.sub(lambda run: f'<font name="{LATIN}">{escape(run.group())}</font>', text)


def _number(canvas: Canvas, document: SimpleDocTemplate) -> None:
    canvas.setFont(LATIN, 8)
    canvas.drawCentredString(A4[0] / 2, 24, str(document.page))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
