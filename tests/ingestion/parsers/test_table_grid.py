import time

import pytest

from ingestion.parsers.table_grid import (
    GridCell,
    SpannedCell,
    flattened_table,
    header_end,
    placed,
    table_drafts,
    title_depth,
)
from ingestion.records import BlockKind

LONG = "长" * 101


def cells(*rows):
    """Return cells of rows of texts or of (text, rows, columns)."""
    return placed(
        [
            [SpannedCell(*cell) if isinstance(cell, tuple) else SpannedCell(cell) for cell in row]
            for row in rows
        ]
    )


def lines(*rows, header=0):
    (table,) = table_drafts(cells(*rows), header)
    assert table.kind is BlockKind.TABLE
    return table.text.split("\n")


def test_table_header_of_two_rows_names_every_column():
    assert lines(
        [("名称", 2, 1), ("规模", 1, 2), ("日期", 2, 1)],
        ["章数", "条数"],
        ["甲", "8", "53", "三月"],
    ) == ["名称 | 规模 章数 | 规模 条数 | 日期", "甲 | 8 | 53 | 三月"]


def test_table_header_of_three_rows_names_every_column():
    assert lines(
        [("", 3, 1), ("a", 1, 4)],
        [("b", 1, 2), ("c", 1, 2)],
        ["1st", "2nd", "1st", "2nd"],
        ["x", "1", "2", "3", "4"],
    ) == [" | a b 1st | a b 2nd | a c 1st | a c 2nd", "x | 1 | 2 | 3 | 4"]


def test_table_first_row_of_values_is_no_part_of_the_header():
    rows = [("大", 1, 2), ("小", 1, 2)], ["1", "2", "3", "4"], ["5", "6", "7", "8"]
    assert lines(*rows)[:2] == ["大 |  | 小 | ", "1 | 2 | 3 | 4"]
    years = [("大", 1, 2), ("小", 1, 2)], ["2023", "2024年", "2023", "2024年"], ["5", "6", "7", "8"]
    assert lines(*years)[0] == "大 2023 | 大 2024年 | 小 2023 | 小 2024年"


def test_table_header_merged_last_leaves_the_rows_below_it_alone():
    rows = [
        ["", ("Class", 1, 3)],
        ["", ("A with B", 1, 2), "C"],
        ["R1", "yes", "no", "yes"],
        ["R2", "no", "no", "no"],
    ]
    assert lines(*rows)[:2] == [
        " | Class A with B | Class A with B | Class C",
        "R1 | yes | no | yes",
    ]


def test_table_header_is_as_deep_as_given():
    rows = ["name", "price"], ["", "USD"], ["a", "b"]
    assert lines(*rows, header=2) == ["name | price USD", "a | b"]
    assert lines(*rows) == ["name | price", " | USD", "a | b"]
    merged = [("a", 1, 2), ("b", 1, 2)], ["p", "q", "r", "s"], ["t", "u", "v", "w"]
    assert lines(*merged, header=1)[0] == "a |  | b | "


def test_table_label_merged_over_rows_stands_in_each():
    assert lines(["h", "i"], [("甲", 3, 1), "1"], ["2"], ["3"]) == [
        "h | i",
        "甲 | 1",
        "甲 | 2",
        "甲 | 3",
    ]
    assert lines(["h", "i"], [(LONG, 2, 1), "1"], ["2"])[2] == " | 2"


def test_table_cell_merged_over_columns_of_the_body_stands_once():
    assert lines(["a", "b", "c"], [("合计", 1, 2), "3"]) == ["a | b | c", "合计 |  | 3"]


def test_table_rows_over_the_header_are_titles():
    title, caption, table = table_drafts(
        cells([("资产", 1, 2)], [("表 1 负债", 1, 2)], ["a", "b"], ["1", "2"])
    )
    assert (title.kind, title.text) == (BlockKind.PARAGRAPH, "资产")
    assert (caption.kind, caption.text) == (BlockKind.CAPTION, "表 1 负债")
    assert table.text == "a | b\n1 | 2"


def test_table_rows_and_columns_without_text_are_left_out():
    assert lines(["a", "", "b", ""], ["", "", "", ""], ["", "", "c", ""]) == ["a | b", " | c"]
    assert table_drafts(cells(["", ""])) == []


def test_table_of_a_form_is_written_without_the_places_its_cells_cover():
    names = [f"n{at}" for at in range(12)]
    rows = [[(name, 1, 12)] for name in names[:3]]
    rows += [[("k", 1, at + 1), ("v", 1, 11 - at)] for at in range(11)]
    assert table_drafts(cells(*rows))[-1].text.split("\n") == ["k | v"] * 11


def test_table_cells_over_each_other_keep_all_text():
    placed_twice = [GridCell("a", 0, 0, 5, 9), GridCell("b", 0, 1, 0, 1), GridCell("c", 1, 0, 1, 0)]
    assert table_drafts(placed_twice)[0].text == "a | b\nc | "


@pytest.mark.parametrize(
    "rows",
    [
        [[("a", 65534, 1000)]] + [["b"]] * 3000,
        [[("a", 65534, 1000), "b"]] * 3000,
        [[("x" * 100, 65534, 1)] * 300] + [["b"]] * 3000,
        [["b"] * 1000] + [["b"]] * 3000,
        [[("b", 1, 1000)] * 3000],
    ],
)
def test_table_of_absurd_spans_takes_time_and_room_of_its_cells(rows):
    given = cells(*rows)
    started = time.process_time()
    drafts = table_drafts(given)
    own = sum(len(cell.text) + 3 for cell in given)
    assert sum(len(draft.text) for draft in drafts) < 2000 * 3 + 60 * own
    assert sum(draft.text.count("b") for draft in drafts) >= 1
    assert time.process_time() - started < 5


def test_placed_cells_take_the_next_free_places():
    found = [
        (cell.text, cell.top, cell.left, cell.bottom, cell.right)
        for cell in cells([("a", 2, 1), ("b", 1, 2)], ["c", ("d", 9, 1)])
    ]
    assert found == [("a", 0, 0, 1, 0), ("b", 0, 1, 0, 2), ("c", 1, 1, 1, 1), ("d", 1, 2, 1, 2)]


def test_flattened_table_keeps_its_rows_apart():
    assert flattened_table("a | b\nc |  | ") == "a, b; c"


def test_title_depth_and_header_end_of_merged_cells():
    title, wide, low = (
        GridCell(text, *at)
        for text, at in (("t", (0, 0, 0, 1)), ("w", (1, 0, 1, 1)), ("l", (2, 0, 2, 0)))
    )
    right, body = GridCell("r", 2, 1, 2, 1), [GridCell("", 3, at, 3, at) for at in (0, 1)]
    places = {
        (0, 0): title,
        (0, 1): title,
        (1, 0): wide,
        (1, 1): wide,
        (2, 0): low,
        (2, 1): right,
        (3, 0): body[0],
        (3, 1): body[1],
    }
    assert title_depth(places, 4, 2) == 2
    assert header_end(places, {title, wide, low, right}, 1, 4, 2) == 3


def test_table_header_that_repeats_its_labels_is_joined_over_values():
    head = [["", "2023", "2023"], ["", "in", "out"]]
    assert lines(*head, ["May", "5", "6"]) == [" | 2023 in | 2023 out", "May | 5 | 6"]
    assert lines(*head, ["May", "five", "six"])[0] == " | 2023 | 2023"
    # A name of its own in the second row makes that a row of the table.
    labelled = [["Item", "2023", "2023"], ["Pears", "in", "out"], ["Plums", "5", "6"]]
    assert lines(*labelled)[0] == "Item | 2023 | 2023"
