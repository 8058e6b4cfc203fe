"""Find what a sentence states that its cited spans do not: the last check before it may stay."""

from collections.abc import Sequence

from generation.facts import Date, Facts, Number, read_facts, units_in
from generation.folding import folded
from generation.negation import contradicted_predicates


def unsupported_facts(sentence: str, quotes: Sequence[str]) -> tuple[str, ...]:
    """Return the facts of a sentence that occur in none of its quotes, as written or read.

    Checked are numbers (4.5万 = 45000 = 四万五千), units, percentages (百分之三 = 3%), dates,
    numbers of articles, codes (A320), names in 《》 and quotation marks, and negations. A number
    without a unit is supported by one with any unit; a number with a unit needs that unit beside
    the same number, or elsewhere in the quote where the number there has none. Nothing is rounded
    or converted. Not empty means: drop the sentence. Never raises; O(total length).
    """
    evidence = "\n".join(quotes)
    said = read_facts(sentence)
    strict, lenient = read_facts(evidence), read_facts(evidence, lenient=True)
    numbers = _numbers_by_value(strict, lenient)
    units = units_in(evidence)
    text = folded(evidence)
    codes = {name for name, _ in (*strict.names, *lenient.names)}
    missing = [date.written for date in said.dates if not _holds_date(date, strict, numbers)]
    missing += [one.written for one in said.numbers if not _holds_number(one, numbers, units)]
    missing += [shown for name, shown in said.names if name not in text and name not in codes]
    missing += contradicted_predicates(sentence, evidence)
    return tuple(dict.fromkeys(missing))


def _numbers_by_value(*sides: Facts) -> dict[str, set[str | None]]:
    """Return the units that every value occurs with; the parts of a date are numbers too."""
    numbers: dict[str, set[str | None]] = {}
    for facts in sides:
        for number in facts.numbers:
            numbers.setdefault(number.value, set()).add(number.unit)
        for date in facts.dates:
            for value, unit in ((date.year, "年"), (date.month, "月"), (date.day, "日")):
                if value is not None:
                    numbers.setdefault(str(value), set()).add(unit)
    return numbers


def _holds_number(
    number: Number, numbers: dict[str, set[str | None]], units: frozenset[str]
) -> bool:
    shown = numbers.get(number.value)
    if shown is None:
        return False
    if number.unit is None or number.unit in shown:
        return True
    return None in shown and number.unit in units


def _holds_date(date: Date, facts: Facts, numbers: dict[str, set[str | None]]) -> bool:
    """A date is held by one that agrees in all it says, or by its year and its day apart."""
    if any(_agrees(date, shown) for shown in facts.dates):
        return True
    year_shown = date.year is None or str(date.year) in numbers
    if date.month is None:
        return year_shown
    undated = Date(None, date.month, date.day, date.written)
    loose = any(shown.year is None and _agrees(undated, shown) for shown in facts.dates)
    month_shown = date.day is None and "月" in numbers.get(str(date.month), set())
    return year_shown and (loose or (month_shown and date.year is None))


def _agrees(date: Date, shown: Date) -> bool:
    return all(
        said is None or said == given
        for said, given in (
            (date.year, shown.year),
            (date.month, shown.month),
            (date.day, shown.day),
        )
    )
