import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from ingestion.parsers.docx_math import linear

NAMES = nsdecls("w") + ' xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'


def t(text):
    return f"<m:r><w:rPr/><m:t>{text}</m:t></m:r>"


def e(text, tag="e"):
    return f"<m:{tag}>{text if text.startswith('<') else t(text)}</m:{tag}>"


SQUARE = f"<m:sSup>{e('b')}{e('2', 'sup')}</m:sSup>"


@pytest.mark.parametrize(
    ("inside", "expected"),
    [
        (f"<m:f>{e('a', 'num')}{e('2b', 'den')}</m:f>", "(a)/(2b)"),
        (f"<m:rad><m:deg/>{e(SQUARE)}</m:rad>", "√(b^2)"),
        (f"<m:rad>{e('3', 'deg')}{e('x')}</m:rad>", "∛(x)"),
        (f"<m:rad>{e('n+1', 'deg')}{e('x')}</m:rad>", "(n+1)√(x)"),
        (
            (
                '<m:nary><m:naryPr><m:chr m:val="∑"/></m:naryPr>'
                f"{e('i=1', 'sub')}{e('n', 'sup')}{e('i')}</m:nary>"
            ),
            "∑_(i=1)^n i",
        ),
        (f"<m:nary><m:sub/><m:sup/>{e('x')}</m:nary>", "∫ x"),
        (f"<m:sSubSup>{e('x')}{e('10', 'sub')}{e('ab', 'sup')}</m:sSubSup>", "x_10^(ab)"),
        (f"<m:sPre>{e('1', 'sub')}{e('2', 'sup')}{e('H')}</m:sPre>", "_1^2 H"),
        (
            (
                f"<m:func>{e('<m:limLow>' + e('lim') + e('n→∞', 'lim') + '</m:limLow>', 'fName')}"
                f"{e('x')}</m:func>"
            ),
            "lim_(n→∞) x",
        ),
        (f"<m:d>{e('a')}{e('b')}</m:d>", "(a|b)"),
        (f'<m:d><m:dPr><m:begChr m:val="["/><m:endChr m:val=""/></m:dPr>{e("a")}</m:d>', "[a"),
        (f"<m:m><m:mr>{e('1')}{e('0')}</m:mr><m:mr>{e('0')}{e('1')}</m:mr></m:m>", "[1, 0; 0, 1]"),
        (f"<m:eqArr>{e('a=1')}{e('b=2')}</m:eqArr>", "a=1; b=2"),
        (
            '<m:f><m:fPr><m:type m:val="noBar"/></m:fPr>'
            + e("n", "num")
            + e("k", "den")
            + "</m:f>",
            "n ¦ k",
        ),
        (f"{t('a')}<w:ins>{t('b')}</w:ins><w:del>{t('c')}</w:del>", "ab"),
    ],
)
def test_equation_is_written_on_one_line(inside, expected):
    assert linear(parse_xml(f"<m:oMath {NAMES}>{inside}</m:oMath>")) == expected
