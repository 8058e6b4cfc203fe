"""Small PDFs, written by hand, whose pages would take more memory or time than there is."""

import zlib

HELLO = b"BT /F1 12 Tf 50 700 Td (Visible words about the marmot.) Tj ET "
FONT = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"


def pdf(objects):
    """Return a file; objects: the content of each, from 1, the catalogue."""
    out, offsets = bytearray(b"%PDF-1.7\n"), []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    trailer = b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF"
    return bytes(out) + trailer % (len(objects) + 1, start)


def stream(data, entries=b"", packings=1):
    for _ in range(packings):
        data = zlib.compress(data, 9)
    names = b"/FlateDecode" * packings
    head = b"<<%b/Filter[%b]/Length %d>>stream\n" % (entries, names, len(data))
    return head + data + b"\nendstream"


def form(data, objects=b"", entries=b"/Type/XObject/Subtype/Form"):
    resources = b"/Font<</F1 5 0 R>>/XObject<<%b>>" % objects
    return stream(data, b"%b/BBox[0 0 600 700]/Resources<<%b>>" % (entries, resources))


def nested(first, depth=7):
    """Return forms from a number on, each of which draws the next one ten times."""
    inner = [form(b"/X Do " * 10, b"/X %d 0 R" % (first + step)) for step in range(1, depth)]
    return [*inner, form(HELLO)]


def page(content, resources=b"", more=(), contents=b"[7 0 R]", font=FONT):
    """Return a file of two pages: a plain one, and one with this content, which is object 7."""
    head = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents %b/Resources<<%b>>>>"
    fonts = b"/Font<</F1 5 0 R/F2 8 0 R>>"
    return pdf(
        [
            b"<</Type/Catalog/Pages 2 0 R>>",
            b"<</Type/Pages/Count 2/Kids[3 0 R 4 0 R]>>",
            head % (b"6 0 R", fonts),
            head % (contents, fonts + resources),
            FONT,
            stream(HELLO),
            content if content.startswith(b"<<") else stream(content),
            font,
            *more,
        ]
    )


TYPE3 = (
    b"<</Type/Font/Subtype/Type3/FontBBox[0 0 1 1]/FontMatrix[1 0 0 1 0 0]/CharProcs<</a 9 0 R>>"
    b"/Encoding<</Differences[97/a]>>/FirstChar 97/LastChar 97/Widths[1]"
    b"/Resources<</XObject<</X 10 0 R>>>>>>"
)
TILE = form(b"/X Do", b"/X 10 0 R", b"/Type/Pattern/PatternType 1/PaintType 1/TilingType 1")
FORMS = b"/XObject<</X 9 0 R>>"

HEAVY = {
    "nested forms": page(b"/X Do", FORMS, nested(9)),
    "one form many times": page(b"/X Do " * 200_000, FORMS, [form(HELLO)]),
    "spaces": page(b" " * (20 << 20)),
    "packed twice": page(stream(b" " * (20 << 20), packings=2)),
    "one stream many times": page(HELLO * 500, contents=b"[" + b"7 0 R " * 1000 + b"]"),
    "glyphs": page(
        b"BT /F2 9 Tf (a) Tj ET", more=[stream(b"1 0 d0 /X Do"), *nested(10)], font=TYPE3
    ),
    "tiles": page(b"/Pattern cs /P scn 0 0 9 9 re f", b"/Pattern<</P 9 0 R>>", [TILE, *nested(10)]),
    "masks": page(b"/G gs " + HELLO, b"/ExtGState<</G<</SMask<</S/Alpha/G 9 0 R>>>>>>", nested(9)),
}
