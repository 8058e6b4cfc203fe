"""Pictures of known widths, and a recogniser that reads a text by the width it is shown."""

import io

from PIL import Image

from ingestion.records import RecognisedLine, Recognition


def png(width, height=200):
    """Return a picture of its own for each width."""
    buffer = io.BytesIO()
    Image.linear_gradient("L").resize((width, height)).save(buffer, "PNG")
    return buffer.getvalue()


class Reader:
    """Reads lines by the width of a picture, and remembers the widths."""

    def __init__(self, **lines):
        self.widths = []
        self._lines = {int(name[1:]): text for name, text in lines.items()}

    def __call__(self, image):
        height, width = image.shape[:2]
        self.widths.append(width)
        lines = tuple(
            RecognisedLine(text, 0.95, 10, 20 + 60 * row, width - 10, 50 + 60 * row)
            for row, text in enumerate(self._lines.get(width, "").split("\n"))
            if text
        )
        return Recognition(lines, width, height)

    def load(self):
        return self
