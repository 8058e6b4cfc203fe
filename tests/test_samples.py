"""The sample collection is whole and says where it comes from."""

import re
from pathlib import Path

import pypdfium2
import pytest

ROOT = Path(__file__).parents[1] / "samples"
DOCUMENTS = sorted((ROOT / "documents").iterdir())
STATUTES = {
    "消费者权益保护法": 63,
    "劳动合同法": 98,
    "个人所得税法": 22,
    "反食品浪费法": 32,
    "个人信息保护法": 74,
    "道路交通安全法": 124,
    "反家庭暴力法": 38,
    "职工带薪年休假条例": 10,
}
DIGITS = "零一二三四五六七八九"


def chinese_number(number: int) -> str:
    """Return a number below 200 the way statutes count their articles."""
    hundreds, rest = divmod(number, 100)
    tens, ones = divmod(rest, 10)
    text = "一百" if hundreds else ""
    if tens:
        text += ("" if tens == 1 and not hundreds else DIGITS[tens]) + "十"
    elif hundreds and ones:
        text += "零"
    return text + (DIGITS[ones] if ones else "")


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


@pytest.mark.parametrize(("name", "articles"), STATUTES.items())
def test_statute_is_whole(name: str, articles: int) -> None:
    text = (ROOT / "documents" / f"{name}.md").read_text(encoding="utf-8")
    assert text.startswith(f"# {'' if name.endswith('条例') else '中华人民共和国'}{name}\n")
    found = re.findall(r"^第([零一二三四五六七八九十百]+)条", text, re.MULTILINE)
    assert found == [chinese_number(number) for number in range(1, articles + 1)]


def test_pdf_holds_its_source_page_by_page() -> None:
    source = (ROOT / "workshop-guide.txt").read_text(encoding="utf-8")
    pages = [part for part in re.split(r"^# ", source, flags=re.MULTILINE) if part]
    pdf = pypdfium2.PdfDocument(ROOT / "documents" / "workshop-guide.pdf")
    try:
        assert len(pdf) == len(pages) == 4
        for number, expected in enumerate(pages, start=1):
            textpage = pdf[number - 1].get_textpage()
            found = squeezed(textpage.get_text_bounded()).removeprefix(str(number))
            assert found == squeezed(expected.replace("#", ""))
    finally:
        pdf.close()


def test_readme_names_every_document_and_no_other() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    named = re.findall(r"^\| `([^`]+)` \|", readme, re.MULTILINE)
    assert sorted(named) == [path.name for path in DOCUMENTS]
