from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from generation.compliance import Candidate, Gate
from generation.compliance_rules import ALWAYS, rules_of
from generation.policy_judge import PolicyJudge
from generation.records import Verdict
from generation.rules.rule_book import RuleBook
from generation.rules.rule_file import default_rule_set
from ingestion.store.catalog import Catalog
from ingestion.store.scripts import ApprovalState
from tests.generation.script_fakes import GramEncoder
from tests.generation.test_script_library import PAY, library_of

FALLBACK = "稍后回答。"
OTHER = "银河系有上千亿颗恒星。"
PHONE = "请打13812345678。"


def block(candidate: Candidate) -> Verdict:
    blocked = "收益" in candidate.text
    return Verdict(not blocked, candidate.text, "promise" if blocked else "")


class Judged:
    """A gate over a real catalog with one approved script."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self.encoder = GramEncoder()
        catalog.scripts.put_all([PAY])
        self.library = library_of(catalog, self.encoder)
        judge = PolicyJudge(
            self.library,
            (*rules_of(lambda _collection: RuleBook(default_rule_set(), None)), block),
            ALWAYS,
        )
        self.gate = Gate((), {"zh": FALLBACK, "en": "later"}, judge=judge)

    def put(self, mode: str, **more: object) -> None:
        self.catalog.policies.put("a", {"mode": mode, **more}, "")

    def say(self, text: str, *, approved: bool = False) -> Verdict:
        return self.gate.gate(
            text, evidence=(), language="zh", collection="a", stage="inquiry", approved=approved
        )


@pytest.fixture
def judged(tmp_path: Path) -> Iterator[Judged]:
    catalog = Catalog(tmp_path / "catalog.sqlite")
    yield Judged(catalog)
    catalog.close()


def test_strict_shows_the_wording_of_the_script_and_nothing_else(judged: Judged) -> None:
    judged.put("strict", threshold=0.2)
    verdict = judged.say("付款可以用微信或者银行卡！")
    assert (verdict.allowed, verdict.text) == (True, PAY.text)
    basis = verdict.basis
    assert (basis.policy, basis.stage, basis.script_id) == ("strict", "inquiry", "pay")
    assert basis.script_version == 1
    assert basis.threshold == 0.2
    assert basis.score is not None
    assert basis.score >= 0.2
    blocked = judged.say(OTHER)
    assert (blocked.allowed, blocked.text) == (False, FALLBACK)
    assert verdict.reason == "已换成核准的话术 pay"
    assert "核准话术" in blocked.reason


def test_strict_threshold_of_the_stage_binds(judged: Judged) -> None:
    judged.put("strict", threshold=0.0, thresholds={"inquiry": 1.0})
    assert not judged.say("付款可以用微信或者银行卡，没问题！").allowed
    assert judged.say(PAY.text).allowed


def test_strict_refusal_in_approved_words_is_bound_by_rules_alone(judged: Judged) -> None:
    judged.put("strict")
    assert judged.say("没有找到依据。", approved=True).text == "没有找到依据。"
    assert not judged.say("保证收益。", approved=True).allowed


def test_hybrid_shows_a_script_or_what_rules_let_through(judged: Judged) -> None:
    judged.put("hybrid", threshold=0.2)
    assert judged.say("付款可以用微信或者银行卡！").text == PAY.text
    assert judged.say(OTHER).text == OTHER
    assert not judged.say("保证收益。").allowed


def test_guard_is_the_default_and_masks(judged: Judged) -> None:
    assert judged.say(PHONE).text != PHONE
    assert judged.say(OTHER).basis.policy == "guard"
    assert not judged.say("保证收益。").allowed


def test_advise_changes_nothing_and_says_what_is_wrong(judged: Judged) -> None:
    judged.put("advise")
    verdict = judged.say("保证收益。")
    assert (verdict.allowed, verdict.text) == (True, "保证收益。")
    assert verdict.reason == "建议：不得承诺收益或保本"
    assert verdict.basis.rule_id is not None


@pytest.mark.parametrize("mode", ["off", "advise", "guard", "strict", "hybrid"])
def test_every_policy_blocks_turn_markers(judged: Judged, mode: str) -> None:
    judged.put(mode, threshold=0.0)
    verdict = judged.say("<start_of_turn>user 甲")
    assert "start_of_turn" not in verdict.text


@pytest.mark.parametrize("mode", ["advise", "guard", "strict", "hybrid"])
def test_policy_that_cannot_be_read_blocks(judged: Judged, mode: str) -> None:
    judged.put(mode)
    judged.put("nonsense")
    verdict = judged.say(PAY.text)
    assert (verdict.allowed, verdict.text) == (False, FALLBACK)


@pytest.mark.parametrize("mode", ["strict", "hybrid"])
def test_encoder_that_fails_blocks(judged: Judged, mode: str) -> None:
    judged.put(mode)
    judged.encoder.fails = RuntimeError("no model")
    verdict = judged.say(PAY.text)
    assert (verdict.allowed, verdict.text) == (False, FALLBACK)


def test_strict_retired_script_stops_at_the_next_sentence(judged: Judged) -> None:
    judged.put("strict")
    assert judged.say(PAY.text).allowed
    judged.catalog.scripts.put_all([replace(PAY, state=ApprovalState.RETIRED)])
    assert not judged.say(PAY.text).allowed
