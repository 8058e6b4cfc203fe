import pytest

from ingestion.parsers.number_formats import format_number


@pytest.mark.parametrize(
    ("number", "style", "expected"),
    [
        (7, "decimal", "7"),
        (7, "decimalZero", "07"),
        (10, "chineseCounting", "十"),
        (21, "chineseCountingThousand", "二十一"),
        (105, "chineseCounting", "一百零五"),
        (110, "chineseCounting", "一百一十"),
        (4, "lowerRoman", "iv"),
        (49, "upperRoman", "XLIX"),
        (28, "lowerLetter", "bb"),
        (3, "upperLetter", "C"),
        (2, "decimalEnclosedCircle", "②"),
        (5, "unknownFormat", "5"),
    ],
)
def test_format_number_is_written_as_word_does(number, style, expected):
    assert format_number(number, style) == expected
