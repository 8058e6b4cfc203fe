"""Draws small PDFs: lines of text at given places."""

import io

from reportlab.lib.pagesizes import A4
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.pdfmetrics import registerFont
from reportlab.pdfgen.canvas import Canvas

WIDTH, HEIGHT = A4
CHINESE = "STSong-Light"


class Sheet:
    """A PDF being drawn. Coordinates in points from the lower left corner."""

    def __init__(self, **options):
        registerFont(UnicodeCIDFont(CHINESE))
        self._buffer = io.BytesIO()
        self.canvas = Canvas(self._buffer, pagesize=A4, **options)

    def line(self, x, y, text, size=10, font="Helvetica"):
        self.canvas.setFont(font, size)
        self.canvas.drawString(x, y, text)

    def lines(self, x, y, texts, size=10, font="Helvetica", pitch=1.3):
        for text in texts:
            self.line(x, y, text, size, font)
            y -= pitch * size
        return y

    def next_page(self):
        self.canvas.showPage()

    def content(self):
        self.canvas.save()
        return self._buffer.getvalue()


def ten_pages() -> bytes:
    """Return a PDF whose pages say which they are, from 0."""
    sheet = Sheet()
    for number in range(10):
        if number:
            sheet.next_page()
        sheet.line(72, 300 + 40 * number, f"Berth {number} is free.")
    return sheet.content()
