"""Numbers as a reader of a sheet or a chart sees them."""

import re
from datetime import datetime, timedelta

_NOT_PLACEHOLDERS = re.compile(r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]')
_DECIMALS = re.compile(r"\.([0#?]+)")
_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 - sheets know no time zones
_LAST_DAY = 2_958_465
_WHOLE = 1e15


def number_text(value: float, code: str = "") -> str:
    """Return the number as text: whole ones without a point, others to 15 digits.

    code: the number format; percentages and days are written as it says, all else plainly.
    """
    picture = _NOT_PLACEHOLDERS.sub("", code.split(";", maxsplit=1)[0])
    if "%" in picture and abs(value) < _WHOLE:
        return _percentage(value, picture)
    if "y" in picture.lower() and 0 < value <= _LAST_DAY:
        return day_text(_EPOCH + timedelta(days=value))
    if value == value // 1 and abs(value) < _WHOLE:
        return str(int(value))
    return format(value, ".15g")


def day_text(day: datetime) -> str:
    """Return the day in ISO 8601, with the time where it is not midnight."""
    midnight = not (day.hour or day.minute or day.second or day.microsecond)
    return day.date().isoformat() if midnight else day.isoformat(" ", "seconds")


def _percentage(value: float, picture: str) -> str:
    decimals = _DECIMALS.search(picture)
    shown = f"{value * 100:.{min(len(decimals[1]), 15) if decimals else 0}f}"
    if decimals and "0" not in decimals[1]:
        shown = shown.rstrip("0").rstrip(".")
    return f"{shown}%"
