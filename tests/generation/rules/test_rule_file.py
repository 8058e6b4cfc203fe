import json
from pathlib import Path
from typing import Any

import pytest

from generation.rules.records import Action, PersonalRule, TopicRule, WordingRule
from generation.rules.rule_file import (
    RuleSetError,
    default_rule_set,
    load_rule_set,
    parse_rule_set,
)

REASON = {"zh": "原因", "en": "reason"}


def wording(**changes: Any) -> dict[str, Any]:
    return {"id": "a", "kind": "wording", "reason": REASON, "phrases": ["稳赚"]} | changes


def problems(*rules: dict[str, Any], **file: Any) -> list[str]:
    with pytest.raises(RuleSetError) as caught:
        parse_rule_set(json.dumps({"version": "1", "rules": list(rules)} | file))
    return list(caught.value.problems)


def test_default_rule_set_has_every_kind_and_says_why_in_both_languages() -> None:
    rules = default_rule_set().rules
    assert {type(rule) for rule in rules} == {WordingRule, PersonalRule, TopicRule}
    assert all(rule.head.reason["zh"] and rule.head.reason["en"] for rule in rules)
    assert len({rule.head.rule_id for rule in rules}) == len(rules)


def test_parse_of_a_whole_rule_keeps_all_it_says() -> None:
    rule = wording(
        version=3, stages=["closing"], languages=["en"], severity="critical", action="mask"
    )
    head = parse_rule_set(json.dumps({"version": "1", "rules": [rule]})).rules[0].head
    assert (head.version, head.severity.value, head.action) == (3, "critical", Action.MASK)
    assert (head.stages, head.languages) == ({"closing"}, {"en"})


def test_parse_names_every_wrong_rule() -> None:
    found = problems(
        wording(),
        wording(),
        wording(id="b", patterns=["("]),
        wording(id="c", reason={"zh": "原因"}),
        wording(id="d", phrases=["。"]),
        wording(id="e", phrases=[]),
        wording(id="f", action="explode"),
        wording(id="g", surprise=1),
        {"id": "h", "kind": "unknown"},
        {"kind": "personal_data", "id": "i", "reason": REASON, "kinds": []},
        wording(id="j", unless=["x*"]),
        {"kind": "required", "id": "k", "reason": REASON, "phrases": ["风险"], "append": {}},
    )
    for number, said in [
        (2, "twice"),
        (3, "patterns"),
        (4, "zh and en"),
        (5, "no letters"),
        (6, "neither"),
        (7, "action"),
        (8, "surprise"),
        (9, "kind"),
        (10, "kinds"),
        (11, "matches nothing"),
        (12, "append"),
    ]:
        assert any(f"rule {number} " in one and said in one for one in found), (number, found)
    assert not any("rule 1 " in one for one in found)


def test_parse_of_topics_without_neutral_sentences_says_so() -> None:
    topic = {
        "id": "t",
        "kind": "topic",
        "reason": REASON,
        "examples": ["a", "b", "c"],
        "threshold": 0,
    }
    assert problems(topic) == ["file: topics need neutral sentences to be told from"]


@pytest.mark.parametrize("content", ["", "[]", "{", "null", "[" * 100_000, '{"version":"1"}'])
def test_parse_of_what_is_no_rule_set_raises(content: str) -> None:
    with pytest.raises(RuleSetError):
        parse_rule_set(content)


def test_parse_of_too_large_a_file_raises() -> None:
    with pytest.raises(RuleSetError, match="characters"):
        parse_rule_set(" " * 2_000_001)


def test_parse_of_a_pattern_that_swells_raises() -> None:
    assert "patterns" in problems(wording(patterns=["((a{100}){100}){100}"]))[0]


def test_load_reads_a_file_or_the_default(tmp_path: Path) -> None:
    path = tmp_path / "rules.json"
    path.write_text(
        "\ufeff" + json.dumps({"version": "own", "rules": [wording()]}), encoding="utf-8"
    )
    assert load_rule_set(path).version == "own"
    assert load_rule_set(None) == default_rule_set()
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RuleSetError, match="UTF-8"):
        load_rule_set(path)
