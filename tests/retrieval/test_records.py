import pytest

from retrieval.records import Passage


@pytest.mark.parametrize(
    ("title", "headings", "path"),
    [
        ("Labour Law", ("Chapter 2", "Article 19"), "Labour Law > Chapter 2 > Article 19"),
        ("劳动合同法", ("劳动合同法", "第二章"), "劳动合同法 > 第二章"),
        ("", (" ", "Terms"), "Terms"),
        ("", (), ""),
    ],
)
def test_title_path_names_each_level_once(title: str, headings: tuple[str, ...], path: str) -> None:
    passage = Passage("c", "d", "r", title, headings, None, 0, 1, "x", 0.0, {})
    assert passage.title_path == path
