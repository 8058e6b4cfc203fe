import pytest

from ingestion.errors import EmptyDocument
from ingestion.parsers.text import parse_csv, parse_text
from ingestion.records import BlockKind


def blocks_of(document):
    return [(b.kind, b.level, document.text[b.start : b.end]) for b in document.blocks]


def test_text_statute_lines_are_paragraphs_and_chapters_headings():
    text = (
        "仓储管理办法\r\n\r\n第一章　总则\r\n第一条　为了规范管理，制定本办法。\r\n"
        "货物分为下列几类：\r\n（一）易燃品；\r\n（二）其他。\r\n第二章　附则\r\n"
        "第二条　本办法自发布之日起施行。"
    )
    document = parse_text(text.encode("gbk"), "a.txt")
    assert blocks_of(document) == [
        (BlockKind.HEADING, 1, "仓储管理办法"),
        (BlockKind.HEADING, 3, "第一章　总则"),
        (BlockKind.PARAGRAPH, 0, "第一条　为了规范管理，制定本办法。"),
        (BlockKind.PARAGRAPH, 0, "货物分为下列几类："),
        (BlockKind.LIST_ITEM, 0, "（一）易燃品；"),
        (BlockKind.LIST_ITEM, 0, "（二）其他。"),
        (BlockKind.HEADING, 3, "第二章　附则"),
        (BlockKind.PARAGRAPH, 0, "第二条　本办法自发布之日起施行。"),
    ]
    assert document.title == "仓储管理办法"
    assert document.language == "zh"


def test_text_lines_broken_at_a_margin_are_joined():
    line = "The harbour keeps one register of all ships that enter or leave it in a"
    text = f"Harbour rules\n\n{line}\n{line}\n{line}\nyear.\n\n{line}\n{line}\nday."
    document = parse_text(text.encode(), "rules.txt")
    assert blocks_of(document)[1:] == [
        (BlockKind.PARAGRAPH, 0, f"{line} {line} {line} year."),
        (BlockKind.PARAGRAPH, 0, f"{line} {line} day."),
    ]


def test_text_list_in_wrapped_text_is_not_joined():
    line = "Every ship that enters the harbour shall report to the office at once and"
    text = f"{line}\n{line}\n{line}\n- its name\n- its flag\n"
    assert [kind for kind, _, _ in blocks_of(parse_text(text.encode(), "a"))] == [
        BlockKind.PARAGRAPH,
        BlockKind.LIST_ITEM,
        BlockKind.LIST_ITEM,
    ]


def test_text_first_sentence_is_no_title():
    document = parse_text("仓库每天清点一次。\n\n货物另行登记。".encode(), "清点.txt")
    assert document.title == "清点"
    assert all(kind is BlockKind.PARAGRAPH for kind, _, _ in blocks_of(document))


def test_text_of_blanks_raises_empty_document():
    with pytest.raises(EmptyDocument):
        parse_text("　\n \n".encode(), "a.txt")


def test_csv_rows_are_lines_of_one_table():
    document = parse_csv('品名,"数量,件"\n螺丝,"1\n2"\n,,\n'.encode("gb18030"), "a.csv")
    assert blocks_of(document) == [(BlockKind.TABLE, 0, "品名 | 数量,件\n螺丝 | 1 2")]


@pytest.mark.parametrize(
    "text",
    [
        "a;b,c;d\n1;2,5;3\n",
        "a\tb,c\td\n1\t2,5\t3\n",
        "a|b,c|d\n1|2,5|3\n",
        '"a","b,c","d"\n1,"2,5",3\n',
    ],
)
def test_csv_cells_parted_by_any_mark_are_cells(text):
    assert parse_csv(text.encode(), "a.csv").text == "a | b,c | d\n1 | 2,5 | 3"


def test_csv_cell_of_any_length_and_uneven_rows_are_kept():
    long = "word " * 40_000
    document = parse_csv(f'name,note\nx,"{long}"\nlone\n'.encode(), "a.csv")
    assert document.text == f"name | note\nx | {long.strip()}\nlone"


def test_csv_in_shift_jis_comes_out_right():
    text = "名前,年齢,住所\n佐藤太郎,30,東京\n三木英子,25,大阪\n"
    assert parse_csv(text.encode("cp932"), "a.csv").text == text.strip().replace(",", " | ")
