import pytest

from ingestion.parsers.sheet_tables import Grid, Region, Span, grid_drafts, regions
from ingestion.records import BlockKind

GAP = [""]


def grid(*rows, spans=()):
    width = max(map(len, rows))
    by_row = {}
    for span in spans:
        by_row.setdefault(span[0], []).append(Span(*span))
    return Grid([row + [""] * (width - len(row)) for row in rows], by_row)


def tables(*rows, spans=()):
    return [draft.text.split("\n") for draft in grid_drafts(grid(*rows, spans=spans))]


def test_sheet_header_merged_over_columns_names_each_whole():
    rows = [
        ["Region", "2023", "", "2024", ""],
        ["Region", "Revenue", "Cost", "Revenue", "Cost"],
        ["North", "10", "5", "12", "6"],
    ]
    spans = [(0, 0, 1, 0), (0, 1, 0, 2), (0, 3, 0, 4)]
    named = "Region | 2023 Revenue | 2023 Cost | 2024 Revenue | 2024 Cost"
    assert tables(*rows, spans=spans) == [[named, "North | 10 | 5 | 12 | 6"]]
    assert len(tables(*rows)[0]) == 3


def test_sheet_header_that_repeats_its_labels_names_each_column_whole_over_values():
    head = [["", "2023", "2023", "2024", "2024"], ["", "Revenue", "Cost", "Revenue", "Cost"]]
    assert tables(*head, ["North", "10", "5", "12", "6"])[0][0] == (
        " | 2023 Revenue | 2023 Cost | 2024 Revenue | 2024 Cost"
    )
    # Without a value below it may be data as well.
    assert tables(*head, ["North", "ten", "five", "twelve", "six"])[0][0] == (
        " | 2023 | 2023 | 2024 | 2024"
    )


def test_sheet_header_of_three_rows_and_unused_columns_is_joined():
    rows = [
        ["", "Plan", "", "", ""],
        ["", "Spring", "", "Autumn", ""],
        ["Item", "min", "max", "", "max"],
        ["Pears", "1", "2", "", "4"],
    ]
    spans = [(0, 1, 0, 4), (1, 1, 1, 2), (1, 3, 1, 4)]
    named = "Item | Plan Spring min | Plan Spring max | Plan Autumn | Plan Autumn max"
    assert tables(*rows, spans=spans)[0][0] == named


def test_sheet_group_over_the_first_columns_or_over_all_is_a_title():
    rows = [["Sales", "", "", ""], ["a", "b", "c", "d"], ["1", "2", "3", "4"]]
    for right in (1, 3):
        drafts = list(grid_drafts(grid(*rows, spans=[(0, 0, 0, right)])))
        assert [draft.kind for draft in drafts] == [BlockKind.PARAGRAPH, BlockKind.TABLE]


def test_sheet_tables_side_by_side_that_begin_in_other_rows_are_apart():
    left = [["a", "b"], ["1", "2"], ["3", "4"], ["5", "6"]]
    right = [["", ""], ["c", "d"], ["7", "8"], ["9", "0"]]
    rows = [one + GAP + two for one, two in zip(left, right, strict=True)]
    assert tables(*rows) == [["a | b", "1 | 2", "3 | 4", "5 | 6"], ["c | d", "7 | 8", "9 | 0"]]


@pytest.mark.parametrize(
    "rows",
    [
        [["Month", "t"], ["5", "5"], ["6", "6"]],
        [["Debts", "t"], ["Loans", "5"], ["Bonds", "6"]],
    ],
)
def test_sheet_tables_side_by_side_that_name_their_rows_are_apart(rows):
    first = [["Month", "t"], ["May", "1"], ["June", "2"]]
    side = [one + GAP + two for one, two in zip(first, rows, strict=True)]
    assert len(tables(*side)) == 2
    assert tables(*side)[1] == [" | ".join(row) for row in rows]


@pytest.mark.parametrize(
    "rows",
    [
        [["2023", "2024"], ["5", "7"], ["6", "8"]],
        [["remark"], ["ripe"], ["sour"]],
        [["colour", "taste"], ["red", "sweet"], ["green", "sour"]],
    ],
)
def test_sheet_columns_behind_a_space_that_name_no_rows_stay_in_the_table(rows):
    first = [["Fruit", "kg"], ["Apples", "1"], ["Pears", "2"]]
    side = [one + GAP + two for one, two in zip(first, rows, strict=True)]
    assert tables(*side)[0][0] == " | ".join(first[0] + rows[0])
    assert len(tables(*side)) == 1


def test_sheet_column_of_names_before_a_space_stays_with_what_it_names():
    rows = [["Fruit", "", "City", "km"], ["Apples", "", "Ulm", "7"], ["Pears", "", "Bonn", "8"]]
    assert tables(*rows) == [["Fruit | City | km", "Apples | Ulm | 7", "Pears | Bonn | 8"]]


def test_sheet_tables_side_by_side_below_another_are_apart():
    rows = [
        ["a", "b", "c", "d", "e", "", "", ""],
        ["1", "2", "3", "4", "5", "", "f", "g"],
        ["", "", "", "", "", "", "v", "1"],
        ["h", "i", "", "k", "l", "", "w", "2"],
        ["x", "3", "", "y", "4", "", "z", "5"],
    ]
    assert tables(*rows) == [
        ["a | b | c | d | e", "1 | 2 | 3 | 4 | 5"],
        ["h | i", "x | 3"],
        ["k | l", "y | 4"],
        ["f | g", "v | 1", "w | 2", "z | 5"],
    ]


def test_sheet_tables_below_one_part_only_and_titles_are_apart():
    rows = [
        ["Stock", "", "", "", ""],
        ["a", "b", "", "c", "d"],
        ["x", "1", "", "y", "2"],
        ["", "", "", "z", "3"],
        ["e", "f", "", "w", "4"],
        ["5", "6", "", "", ""],
    ]
    assert tables(*rows) == [
        ["Stock"],
        ["a | b", "x | 1"],
        ["e | f", "5 | 6"],
        ["c | d", "y | 2", "z | 3", "w | 4"],
    ]


def test_sheet_merged_cell_over_the_space_keeps_both_sides_in_one_table():
    rows = [
        ["Fruit", "2024", "", "", ""],
        ["", "kg", "", "Fruit", "t"],
        ["Apples", "1", "", "Pears", "2"],
    ]
    apart = list(regions(grid(*rows)))
    joined = list(regions(grid(*rows, spans=[(0, 1, 0, 4)])))
    assert len(apart) == 2
    assert joined == [Region(0, 0, 3, 0, 5)]


def test_sheet_stairs_of_tables_end_and_keep_all_text():
    size = 60
    rows = [[""] * size for _ in range(size)]
    for step in range(0, size, 3):
        for row in range(step, size):
            rows[row][step] = rows[row][step + 1] = "x"
    drafts = list(grid_drafts(Grid(rows, {})))
    assert sum(draft.text.count("x") for draft in drafts) == sum(row.count("x") for row in rows)
