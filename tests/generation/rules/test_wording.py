import time

import pytest

from generation.prompt import Language
from generation.rules.records import Action, Denials, RuleHead, Severity, WordingRule
from generation.rules.wording import WordingFinder

DENIALS = Denials(("不|禁止", r"\bnot\b"), ("是骗局",), ("不仅",))


def rule(
    *phrases: str,
    patterns: tuple[str, ...] = (),
    unless: tuple[str, ...] = (),
    deniable: bool = True,
) -> WordingRule:
    reasons: dict[Language, str] = {"zh": "原因", "en": "reason"}
    head = RuleHead("r", 1, frozenset(), frozenset(), Severity.HIGH, Action.BLOCK, reasons, True)
    return WordingRule(head, phrases, patterns, unless, deniable, homophones=True)


def found(text: str, *rules: WordingRule) -> list[str]:
    finder = WordingFinder(rules, DENIALS)
    return [text[one.start : one.end] for one in finder.find(text, frozenset(range(len(rules))))]


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("我们保证收益。", ["保证收益"]),
        ("保\u200b证 收*益！", ["保\u200b证 收*益"]),
        ("不保证收益", []),
        ("不仅保证收益，而且保本", ["保证收益"]),
        ("不错，保证收益", ["保证收益"]),
        ("保证收益的都是骗局", []),
        ("保证收益。那是骗局", ["保证收益"]),
    ],
)
def test_find_of_phrase_minds_what_its_clause_says_of_it(text: str, spans: list[str]) -> None:
    assert found(text, rule("保证收益")) == spans


def test_find_of_undeniable_rule_finds_the_denied_too() -> None:
    assert found("不保证收益", rule("保证收益", deniable=False)) == ["保证收益"]


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("最低工资", []),
        ("全网最低", ["最低"]),
        ("最低工资最低", ["最低"]),
    ],
)
def test_find_of_pattern_leaves_innocent_contexts(text: str, spans: list[str]) -> None:
    assert found(text, rule(patterns=("最低",), unless=("最低工资",))) == spans


def test_find_of_pattern_reads_leet_and_repetition() -> None:
    english = rule(patterns=(r"\brisk ?free\b",))
    assert found("It is r1sk-fr33 now", english) == ["r1sk-fr33"]
    assert found("我们保保证证收益。", rule("保证收益")) == ["保保证证收益"]


def test_find_without_wanted_rules_finds_nothing() -> None:
    finder = WordingFinder([rule("保证收益")], DENIALS)
    assert finder.find("保证收益", frozenset()) == []


@pytest.mark.parametrize("piece", ["a", "ab", "保证", "不保证收益", "a1 ", "\u200b", "aaaa "])
def test_find_in_hostile_text_takes_linear_time(piece: str) -> None:
    finder = WordingFinder([rule("保证收益", patterns=(r"(a+)+b|(?:a|aa)+$",))], DENIALS)

    def seconds(size: int) -> float:
        started = time.process_time()
        finder.find((piece * size)[:size], frozenset({0}))
        return time.process_time() - started

    seconds(1_000)
    # Quadratic work would take a hundred times as long: 40 leaves room for a busy machine.
    assert seconds(100_000) < 40 * max(seconds(10_000), 0.02)


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("亻呆言正收益", ["亻呆言正收益"]),
        ("稳攒不赔", ["稳攒不赔"]),
        ("稳z不p", ["稳z不p"]),
        ("隐攒卜赔", []),  # more look-alikes than characters of the phrase
        ("堡过", []),  # too short to tell
        ("不亻呆言正收益", []),
    ],
)
def test_find_sees_through_parts_looks_and_initials(text: str, spans: list[str]) -> None:
    assert found(text, rule("保证收益", "稳赚不赔", "保过")) == spans


def test_find_of_pattern_reads_parts_but_no_look_alikes() -> None:
    lucky = rule(patterns=("保证[^，。]{0,6}赔",))
    assert found("亻呆言正不赔", lucky) == ["亻呆言正不赔"]
    assert found("保证全程陪您", lucky) == []
