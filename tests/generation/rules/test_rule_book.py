import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from generation.rules.records import Action, Judgement
from generation.rules.rule_book import RuleBook
from generation.rules.rule_file import default_rule_set, parse_rule_set

REASON = {"zh": "原因", "en": "reason"}
DEFAULT = RuleBook(default_rule_set(), None)


class ByWord:
    """Two places: sentences about pills, and all others."""

    dimension = 2

    def __init__(self) -> None:
        self.calls = 0

    def embed_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.calls += 1
        return np.array([[1, 0] if "pill" in text else [0, 1] for text in texts], np.float32)


def book(*rules: dict[str, Any], embedder: ByWord | None = None) -> RuleBook:
    written = [{"id": f"r{at}", "reason": REASON} | rule for at, rule in enumerate(rules)]
    data = {"version": "1", "neutral": ["a day", "a night", "a year"], "rules": written}
    return RuleBook(parse_rule_set(json.dumps(data)), embedder)


def judged(text: str, *evidence: str, rules: RuleBook = DEFAULT, **rest: Any) -> Judgement:
    asked: dict[str, Any] = {"language": "zh"} | rest
    return rules.judge(text, evidence=evidence, **asked)


@pytest.mark.parametrize(
    "text",
    [
        "本产品保证收益。",
        "稳 赚 不 赔",
        "保證收益",
        "稳zhuan不赔",
        "稳稳稳赚不赔",
        "我们是全国最好的平台。",
        "你就是个白痴。",
        "不关我的事。",
        "guaranteed returns",
        "r1sk-fr33",
        "You are an idiot.",
    ],
)
def test_judge_of_banned_wording_blocks_and_says_why(text: str) -> None:
    judgement = judged(text)
    assert (judgement.allowed, judgement.text) == (False, "")
    assert judgement.deciding is not None
    assert judgement.deciding.reason


@pytest.mark.parametrize(
    "text",
    [
        "最低工资标准由省级人民政府规定。",
        "最高人民法院发布了司法解释。",
        "第一条规定了适用范围。",
        "最近的网点在人民路。",
        "您最好提前到场。",
        "最多不超过三次。",
        "本产品不保证收益。",
        "保证人承担连带责任。",
        "无风险利率为百分之二。",
        "At best, delivery takes three days.",
        "The class assesses all assets.",
        "Returns are not guaranteed.",
    ],
)
def test_judge_of_ordinary_wording_lets_it_pass(text: str) -> None:
    assert judged(text) == Judgement(True, text, (), None)


def test_judge_of_wording_that_the_evidence_has_lets_it_pass() -> None:
    text = "公司承诺保证收益。"
    assert judged(text, "合同载明：公司承诺保证收益。").allowed
    assert not judged(text, "合同载明：公司不保证收益。").allowed
    assert not judged(text, "另一句话。").allowed


def test_judge_with_rule_that_ignores_evidence_blocks_all_the_same() -> None:
    strict = book({"kind": "wording", "phrases": ["保证收益"], "allow_in_evidence": False})
    assert not judged("保证收益", "保证收益", rules=strict).allowed


def test_judge_masks_personal_data_but_what_the_evidence_has() -> None:
    assert judged("找13912345678").text == "找139****5678"
    assert judged("找13912345678", "电话：139-1234-5678").text == "找13912345678"
    always = book({"kind": "personal_data", "kinds": ["mobile"], "allow_in_evidence": False})
    assert judged("找13912345678", "13912345678", rules=always).text == "找139****5678"
    blocked = book({"kind": "personal_data", "kinds": ["mobile"], "action": "block"})
    assert not judged("找13912345678", rules=blocked).allowed


def test_judge_with_masking_and_annotating_rules_shows_the_rest() -> None:
    rules = book(
        {"kind": "wording", "phrases": ["竞品甲"], "action": "mask"},
        {"kind": "wording", "phrases": ["也许"], "action": "annotate"},
        {"kind": "personal_data", "kinds": ["mobile"]},
    )
    judgement = judged("也许竞 品甲比13912345678好", rules=rules)
    assert judgement.text == "也许* **比139****5678好"
    assert [find.rule_id for find in judgement.finds] == ["r1", "r0", "r2"]
    assert judgement.allowed


def test_judge_with_required_wording_adds_what_is_missing() -> None:
    rules = book(
        {
            "kind": "required",
            "phrases": ["投资有风险"],
            "when": ["基金|fund"],
            "append": {"zh": "投资有风险。", "en": " Investing carries risk."},
        }
    )
    assert judged("基金每天开放。", rules=rules).text == "基金每天开放。投资有风险。"
    assert judged("基金每天开放，投資有 風險。", rules=rules).finds == ()
    assert judged("天气很好。", rules=rules).finds == ()
    english = judged("The fund is open.", rules=rules, language="en")
    assert english.text == "The fund is open. Investing carries risk."


def test_judge_applies_rules_of_the_stage_and_language_only() -> None:
    rules = book(
        {"kind": "wording", "phrases": ["再见"], "stages": ["opening"], "languages": ["zh"]}
    )
    assert not judged("再见", rules=rules, stage="opening").allowed
    assert judged("再见", rules=rules, stage="closing").allowed
    assert judged("再见", rules=rules, stage="opening", language="en").allowed
    assert not judged("再见", rules=rules).allowed


def test_judge_of_several_finds_is_decided_by_the_gravest_that_blocks() -> None:
    rules = book(
        {"kind": "wording", "phrases": ["甲乙"], "action": "annotate", "severity": "critical"},
        {"kind": "wording", "phrases": ["丙丁"], "severity": "low"},
        {"kind": "wording", "phrases": ["戊己"], "action": "hand_over", "severity": "high"},
    )
    judgement = judged("甲乙丙丁戊己", rules=rules)
    assert judgement.deciding is not None
    assert (judgement.deciding.rule_id, judgement.deciding.action) == ("r2", Action.HAND_OVER)


TOPIC = {"kind": "topic", "examples": ["a pill", "two pills", "my pill"], "threshold": 0.0}


def test_judge_of_topic_blocks_it_but_what_the_evidence_is_about() -> None:
    rules = book(TOPIC, embedder=ByWord())
    assert not judged("take the pill", rules=rules).allowed
    assert judged("take the bus", rules=rules).allowed
    assert judged("take the pill", "One pill a day is what the label says.", rules=rules).allowed
    assert not judged("take the pill", "The bus leaves at nine.", rules=rules).allowed


def test_judge_of_quoted_or_blocked_text_asks_no_embedder() -> None:
    embedder = ByWord()
    rules = book(TOPIC, {"kind": "wording", "phrases": ["坏话"]}, embedder=embedder)
    rules.learn()
    calls = embedder.calls
    assert judged("take the pill", "You may take the pill.", rules=rules).allowed
    assert not judged("坏话", rules=rules).allowed
    assert embedder.calls == calls


def test_judge_with_failing_embedder_raises_instead_of_passing() -> None:
    class Failing(ByWord):
        def embed_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
            raise TimeoutError

    with pytest.raises(TimeoutError):
        judged("take the bus", rules=book(TOPIC, embedder=Failing()))


@given(st.text(alphabet="保证收益稳赚不赔最好13912345678@a.b c，。不\u200b") | st.text())
def test_judge_of_any_text_shows_nothing_that_is_found_again(text: str) -> None:
    judgement = DEFAULT.judge(text, evidence=(), language="zh")
    if judgement.allowed:
        again = DEFAULT.judge(judgement.text, evidence=(), language="zh")
        assert (again.allowed, again.text) == (True, judgement.text)
    assert all(0 <= find.start <= find.end <= len(text) for find in judgement.finds)
