import pytest

from ingestion.errors import EmptyDocument
from ingestion.parsers.rtf import parse_rtf
from ingestion.records import BlockKind

HEAD = rb"{\rtf1\ansi\ansicpg936\deff0{\fonttbl{\f0\fcharset134 A;}{\f1\fcharset128 B;}}"


def blocks(body):
    document = parse_rtf(HEAD + body + b"}", "a.rtf")
    return [(b.kind, b.level, document.text[b.start : b.end]) for b in document.blocks]


def paragraph(text):
    return (BlockKind.PARAGRAPH, 0, text)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (rb"\f0 \'d6\'d0\'ce\'c4\par", "中文"),
        (rb"\f1 \'93\'fa\'96\'7b\'83\'5c\par", "日本ソ"),
        (rb"\u20013?\u25991?x\par", "中文x"),
        (rb"\uc2\u20013??x{\uc0\u25991}y\par", "中x文y"),
        (rb"\u-10179?\u-8704?\par", "😀"),
        (rb"\ldblquote a\rdblquote\emdash b\{c\}\par", "“a”—b{c}"),
        (rb"shown {\v hidden}{\deleted gone}\par", "shown"),
        (rb"a{\pict 8950}{\*\unknown b}{\header c}d\par", "ad"),
        (rb"a\bin3 }}}b\par", "ab"),
        (rb'{\field{\*\fldinst HYPERLINK "x"}{\fldrslt link}}\par', "link"),
    ],
)
def test_rtf_text_comes_out_as_a_reader_sees_it(body, text):
    assert blocks(body) == [paragraph(text)]


def test_rtf_styles_outline_levels_and_labels_make_structure():
    body = (
        rb"{\stylesheet{\s0 Normal;}{\s2 heading 2;}}\pard\s2 Rules\par\pard\outlinelevel0 Top\par"
        rb"\pard{\pntext 1.\tab}one\par text{\footnote a note}.\par"
    )
    assert blocks(body) == [
        (BlockKind.HEADING, 2, "Rules"),
        (BlockKind.HEADING, 1, "Top"),
        (BlockKind.LIST_ITEM, 0, "1. one"),
        paragraph("text."),
        paragraph("a note"),
    ]


def test_rtf_table_keeps_its_rows():
    body = rb"\trowd\pard\intbl a\cell b\cell\row\pard\intbl c\par d\cell e\cell\row\pard end\par"
    assert blocks(body) == [(BlockKind.TABLE, 0, "a | b\nc d | e"), paragraph("end")]


def test_rtf_title_in_unicode_is_the_title():
    head = rb"{\info{\upr{\title ??}{\*\ud{\title \u20013?\u25991?}}}}x\par"
    assert parse_rtf(HEAD + head + b"}", "a.rtf").title == "中文"


def test_rtf_hostile_nesting_and_ends_are_read():
    assert blocks(b"{" * 50_000 + b"x" + b"}" * 60_000 + rb"y\par\\") != []
    with pytest.raises(EmptyDocument):
        parse_rtf(rb"{\rtf1 \u\'g\bin99999999999 x", "a.rtf")


def test_rtf_hidden_text_is_reported_by_its_length_and_deleted_text_is_not():
    body = rb"shown {\v hid den}{\deleted gone}{\footnote\v x}\par"
    document = parse_rtf(b"{\\rtf1\\ansi " + body + b"}", "a.rtf")
    assert document.text == "shown"
    assert document.warnings == ("Hidden text was left out: 7 characters (marked as hidden).",)
