import json

import pytest

from app.answer_events import AnswerRequest
from app.audit_drafts import action_of, as_approved, audit_drafts
from generation.audit import Vetted
from generation.records import Basis, Verdict

REQUEST = AnswerRequest("期限多长？", "hr", (), "s1", "inquiry", None, None, "trace-1")
BASIS = Basis("strict", 3, "abc", "closing", "r", 2, "pay", 4, 0.7, 0.5)


def note(verdict: Verdict, *, approved: bool = False) -> Vetted:
    return Vetted(
        "草稿。", ("引文",), "zh", verdict, 1.23456, approved, "2030-01-01T00:00:00+00:00"
    )


@pytest.mark.parametrize(
    ("verdict", "action"),
    [
        (Verdict(True, "草稿。", ""), "allowed"),
        (Verdict(True, "话术。", "replaced"), "changed"),
        (Verdict(False, "草稿。", "no"), "blocked"),
    ],
)
def test_action_tells_what_became_of_a_text(verdict: Verdict, action: str) -> None:
    assert action_of(note(verdict)) == action


def test_drafts_hold_all_that_a_replay_needs_and_no_word_in_their_facts() -> None:
    verdict = Verdict(True, "话术。", "replaced", BASIS)
    first, last = audit_drafts(
        REQUEST, [note(verdict), note(verdict, approved=True)], "话术。", {"code": "1"}
    )
    assert (first.texts["shown"], last.texts["shown"]) == ("", "话术。")
    facts = first.facts
    assert (facts["policy"], facts["policy_version"], facts["rules"]) == ("strict", 3, "abc")
    assert (facts["stage"], facts["language"], facts["approved"]) == ("closing", "zh", False)
    assert (facts["judged"], facts["judged_at"]) == (True, "2030-01-01T00:00:00+00:00")
    assert last.facts["approved"] is True
    assert not any(
        word in json.dumps(facts, ensure_ascii=False) for word in ("草稿", "期限", "引文")
    )
    assert (first.trace_id, first.collection, first.session_id) == ("trace-1", "hr", "s1")


def test_approved_wording_says_that_no_gate_judged_it() -> None:
    [draft] = audit_drafts(REQUEST, [as_approved("请稍候。", REQUEST)], "请稍候。", {})
    assert (draft.action, draft.facts["judged"], draft.facts["approved"]) == (
        "allowed",
        False,
        True,
    )
