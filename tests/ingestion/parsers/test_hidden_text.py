from ingestion.parsers.hidden_text import HiddenText, count_characters, hidden_warnings


def test_hidden_warnings_say_how_much_where_and_why():
    found = [HiddenText("covered", 3, page) for page in (2, 6, 5)]
    found += [HiddenText("transparent", 1), HiddenText("cut off", 0, 4)]
    assert hidden_warnings(found, "slide") == [
        "Hidden text was left out: 9 characters on slides 2, 5-6 (covered).",
        "Hidden text was left out: 1 character (transparent).",
    ]


def test_hidden_warnings_on_many_pages_are_cut_short():
    (warning,) = hidden_warnings([HiddenText("covered", 1, page) for page in range(1, 200, 2)])
    assert warning.endswith("17, 19 and 90 more places (covered).")


def test_count_characters_leaves_white_space_out():
    assert count_characters(" a b\n\u3000中 ") == 3
