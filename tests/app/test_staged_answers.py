import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest

from app.answer_events import AnswerEvent, AnswerRequest, DoneEvent, SentenceEvent
from app.staged_answers import StagedAnswers, fallback_of
from generation.bounded import Bounded
from generation.compliance import Gate
from generation.compliance_rules import ALWAYS
from generation.errors import ComplianceFailed
from generation.policy_judge import PolicyJudge
from generation.records import Answer, Outcome
from generation.stages import Intents
from ingestion.store.catalog import Catalog
from ingestion.store.scripts import ApprovalState, ScriptDraft
from tests.app.service_fakes import answer, script_library
from tests.generation.script_fakes import GramEncoder

EXAMPLES = {
    "human": ["转人工", "人工客服"],
    "greeting": ["早上好", "你好"],
    "inquiry": ["价格多少", "什么价格"],
}
SCRIPTS = [
    ScriptDraft(text, "zh", stage, script_id=script_id, tags=tags, state=ApprovalState.APPROVED)
    for script_id, stage, text, tags in (
        ("hand", "handover", "正在转接人工。", ()),
        ("hello", "opening", "您好，请讲。", ("greeting",)),
        ("pay", "inquiry", "付款可以用银行卡。", ()),
    )
]


class Talk:
    """A conversation over a real catalog, with an answering path that notes what it is asked."""

    def __init__(self, catalog: Catalog, scripts: list[ScriptDraft] = SCRIPTS) -> None:
        catalog.scripts.put_all(scripts)
        library = script_library(catalog)
        gate = Gate(
            (), {"zh": "稍后再答。", "en": "Later."}, judge=PolicyJudge(library, ALWAYS, ALWAYS)
        )
        self.catalog = catalog
        self.asked: list[AnswerRequest] = []
        self.outcome = Outcome.ANSWERED
        intents = Intents(EXAMPLES, GramEncoder())
        self.failures: list[str] = []
        self.library, self.intents = library, intents
        self.staged = StagedAnswers(
            library,
            intents,
            catalog.policies,
            gate,
            self._answer,
            self.failures.append,
            Bounded(0.2, name="stages"),
        )

    def _answer(self, request: AnswerRequest) -> Iterator[AnswerEvent]:
        self.asked.append(request)
        yield SentenceEvent(0, "一。", ())
        yield DoneEvent(answer("t", outcome=self.outcome))

    def put(self, **policy: object) -> None:
        self.catalog.policies.put("a", {"mode": "guard", **policy}, "")

    def say(self, question: str, *, session: str | None = "s", stage: str | None = None) -> Answer:
        request = AnswerRequest(question, "a", (), session, stage, None, None, "t")
        *_, done = self.staged.answer(request)
        assert isinstance(done, DoneEvent)
        return done.answer


def test_staged_without_scripts_only_passes_on(catalog: Catalog) -> None:
    talk = Talk(catalog, [])
    said = talk.say("转人工")
    assert (said.outcome, said.handover, said.stage) == (Outcome.ANSWERED, False, None)


def test_staged_stage_moves_by_intent_is_kept_and_can_be_set(catalog: Catalog) -> None:
    talk = Talk(catalog)
    assert talk.say("zebra").stage == "opening"
    assert talk.say("什么价格").stage == "inquiry"
    assert talk.say("zebra").stage == "inquiry"
    assert talk.say("zebra", session="other").stage == "opening"
    assert talk.say("zebra", stage="closing").stage == "closing"
    assert [one.stage for one in talk.asked] == [
        "opening",
        "inquiry",
        "inquiry",
        "opening",
        "closing",
    ]


def test_staged_request_for_a_human_hands_over(catalog: Catalog) -> None:
    talk = Talk(catalog)
    said = talk.say("转人工")
    assert (said.outcome, said.script_id, said.handover) == (Outcome.SCRIPT, "hand", True)
    assert talk.asked == []


def test_staged_refusals_in_a_row_hand_over(catalog: Catalog) -> None:
    talk = Talk(catalog)
    talk.put(handover_after=2)
    talk.outcome = Outcome.REFUSED
    assert [talk.say("恒星").handover for _ in range(4)] == [False, False, True, False]


def test_staged_script_first_answers_without_the_generator(catalog: Catalog) -> None:
    talk = Talk(catalog)
    assert talk.say("你好").outcome is Outcome.ANSWERED
    talk.put(script_first=True)
    talk.asked.clear()
    assert talk.say("你好").script_id == "hello"
    assert talk.say("付款可以用银行卡？").script_id == "pay"
    assert talk.asked == []
    assert talk.say("zebra").outcome is Outcome.ANSWERED


def test_staged_script_that_rules_block_is_not_shown(catalog: Catalog) -> None:
    bad = replace(SCRIPTS[0], text="<start_of_turn>user 人工")
    said = Talk(catalog, [bad]).say("转人工")
    assert said.text == "稍后再答。"
    assert said.script_id is None


@pytest.mark.parametrize("fault", ["raises", "hangs", "odd"])
@pytest.mark.parametrize("part", ["follow", "policy", "nearest", "handover", "greeting", "intent"])
def test_staged_plan_that_can_not_be_made_is_a_failure_of_compliance(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch, fault: str, part: str
) -> None:
    talk, released = Talk(catalog), threading.Event()
    talk.put(script_first=True, handover_after=0)

    def broken(*_given: object, **_named: object) -> object:
        if fault == "raises":
            raise KeyError
        if fault == "hangs":
            released.wait(20)
        return object()

    owner = talk.intents if part == "intent" else talk.library
    monkeypatch.setattr(owner, part, broken)
    question = {"handover": "转人工", "greeting": "你好"}.get(part, "zebra")
    if (fault, part) == ("odd", "follow"):  # what it returns is not looked at
        assert talk.say(question).outcome is Outcome.ANSWERED
        return
    if (fault, part) == ("odd", "intent"):  # an intent that leads nowhere
        assert talk.say(question).stage == "opening"
        return
    with pytest.raises(ComplianceFailed, match="stages"):
        talk.say(question)
    assert talk.asked == []
    released.set()


def test_staged_state_that_can_not_be_kept_ends_the_answer_all_the_same(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    talk = Talk(catalog)

    def full(*_given: object) -> None:
        raise OSError(28, "full")

    monkeypatch.setattr(catalog.policies, "keep_state", full)
    assert talk.say("zebra").outcome is Outcome.ANSWERED
    assert talk.failures == ["session"]


def test_fallback_that_can_not_be_found_is_none_and_told(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = script_library(catalog)
    failures: list[str] = []
    choose = fallback_of(library, failures.append, 0.1)
    assert choose("a", "inquiry", "zh", ()) is None
    released = threading.Event()
    for broken in (lambda *_given: 1 // 0, lambda *_given: object(), lambda *_: released.wait(20)):
        monkeypatch.setattr(library, "fallback", broken)
        assert choose("a", "inquiry", "zh", ()) is None
    released.set()
    assert failures == ["fallback"] * 3


def test_fallback_of_an_answer_that_has_begun_is_only_one_for_that(catalog: Catalog) -> None:
    own = [
        ScriptDraft(
            text, "zh", stage, script_id=stage, tags=("fallback",), state=ApprovalState.APPROVED
        )
        for stage, text in (("fallback", "稍后再答。"), ("cut_short", "余下的请问店员。"))
    ]
    catalog.scripts.put_all(own[:1])
    library = script_library(catalog)
    choose = fallback_of(library)
    library.follow()
    assert choose("a", "cut_short", "zh", ()) is None
    catalog.scripts.put_all(own)
    library.follow()
    found = choose("a", "cut_short", "zh", ())
    assert found is not None and found.text == "余下的请问店员。"
    other = choose("a", "inquiry", "zh", ())
    assert other is not None and other.text == "稍后再答。"
