from datetime import datetime

import pytest

from ingestion.parsers.number_formats import day_text, number_text


@pytest.mark.parametrize(
    ("value", "code", "expected"),
    [
        (3.0, "", "3"),
        (-0.5, "General", "-0.5"),
        (0.1 + 0.2, "", "0.3"),
        (1e20, "", "1e+20"),
        (float("inf"), "", "inf"),
        (float("nan"), "", "nan"),
        (0.125, "0.0%", "12.5%"),
        (0.125, "0%;[Red]-0%", "12%"),
        (0.5, "0.##%", "50%"),
        (0.5, '0.0" %"', "0.5"),
        (45292, "yyyy-mm-dd", "2024-01-01"),
        (1e300, "yyyy", "1e+300"),
    ],
)
def test_number_text_is_what_a_reader_sees(value, code, expected):
    assert number_text(value, code) == expected


def test_day_text_names_the_time_unless_it_is_midnight():
    assert day_text(datetime.fromisoformat("2024-03-01")) == "2024-03-01"
    assert day_text(datetime.fromisoformat("2024-03-01 09:30")) == "2024-03-01 09:30:00"
