import json
from collections import Counter
from pathlib import Path

import pytest

from evaluation.compliance_run import (
    Judged,
    Labelled,
    LabelledFileError,
    Part,
    honest,
    judge_all,
    load_labelled,
    rate,
    shipped,
    table_rows,
    violations,
)
from generation.rules.reading import read
from generation.rules.records import Judgement, TopicRule
from generation.rules.rule_book import RuleBook
from generation.rules.rule_file import default_rule_set

LINE = {
    "text": "打13912345678",
    "language": "zh",
    "kind": "violation",
    "category": "personal",
    "expected": "mask",
    "secret": "13912345678",
}


def judged(expected: str, shown: str | None, secret: str = "") -> Judged:
    one = Labelled.model_validate({**LINE, "text": "a b", "expected": expected, "secret": secret})
    return Judged(one, Judgement(shown is not None, shown or "", (), None))


def test_shipped_sentences_are_as_many_as_promised_and_occur_once() -> None:
    halves = [*shipped(Part.FIT), *shipped(Part.HELD_OUT)]
    languages = Counter(one.language for one in halves)
    assert languages["zh"] >= 400
    assert languages["en"] >= 200
    everything = [one.text for one in [*halves, *shipped(Part.FRESH)]]
    assert len(set(everything)) == len(everything)


def test_default_rules_hold_no_held_out_sentence() -> None:
    rules = default_rule_set()
    known = {read(text).text for text in rules.neutral}
    for rule in rules.rules:
        if isinstance(rule, TopicRule):
            known |= {read(text).text for text in (*rule.examples, *rule.counter_examples)}
    for part in (Part.HELD_OUT, Part.FRESH):
        assert [one.text for one in shipped(part) if read(one.text).text in known] == []


def test_default_rules_without_topics_hold_the_held_out_half_of_disguises() -> None:
    part = [one for one in shipped(Part.HELD_OUT) if one.kind in ("evasion", "compliant")]
    found = judge_all(RuleBook(default_rule_set(), None), part)
    assert rate(violations(found)).share <= 0.05
    assert rate(honest(found)).share <= 0.02


@pytest.mark.parametrize(
    ("one", "is_wrong"),
    [
        (judged("pass", "a b"), False),
        (judged("pass", "a *"), True),
        (judged("pass", None), True),
        (judged("block", None), False),
        (judged("block", "a *"), True),
        (judged("mask", "a *", "b"), False),
        (judged("mask", None, "b"), False),
        (judged("mask", "* b", "b"), True),
    ],
)
def test_is_wrong_of_every_outcome(one: Judged, *, is_wrong: bool) -> None:
    assert one.is_wrong is is_wrong


def test_rate_gives_wilsons_interval() -> None:
    found = rate([judged("block", "a b"), *(judged("block", None) for _ in range(99))])
    assert (found.count, found.total) == (1, 100)
    assert found.low == pytest.approx(0.00177, abs=1e-4)
    assert found.high == pytest.approx(0.0545, abs=1e-4)
    assert rate([]).share == 0


def test_table_has_a_row_for_every_view() -> None:
    rows = table_rows([judged("block", "a b"), judged("pass", "a b")])
    assert rows[0][:2] == ["all", "1"]
    assert rows[0][2].startswith("1 = 100.0 %")
    assert rows[0][4].startswith("0 = 0.0 %")
    assert [row[0] for row in rows[1:]] == ["language zh", "kind violation", "category personal"]


def test_load_reads_lines_and_names_the_wrong_one(tmp_path: Path) -> None:
    path = tmp_path / "own.jsonl"
    line = json.dumps(LINE, ensure_ascii=False)
    path.write_text(f"\ufeff{line}\n\n{line}\n", encoding="utf-8")
    assert [one.secret for one in load_labelled(path)] == ["13912345678"] * 2
    for wrong in ("{", "[]", '{"text": "a"}', line.replace("mask", "hide")):
        path.write_text(f"{line}\n{wrong}\n", encoding="utf-8")
        with pytest.raises(LabelledFileError, match=r"own\.jsonl, line 2: "):
            load_labelled(path)
    path.write_bytes(b"\xff")
    with pytest.raises(LabelledFileError, match="UTF-8"):
        load_labelled(path)
