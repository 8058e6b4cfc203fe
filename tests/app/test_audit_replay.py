import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.answer_events import AnswerRequest
from app.audit_drafts import as_approved, audit_drafts
from app.audit_replay import AuditReplay, Replay, ReplayOutcome
from app.rule_books import RuleBooks
from generation.audit import Vetted, noting
from generation.compliance import Gate
from generation.compliance_rules import rules_of
from generation.policy_judge import policy_gate
from generation.rules.rule_file import default_rules_json
from generation.script_library import ScriptLibrary
from generation.scripts import fallback_texts, load_scripts
from ingestion.store.catalog import Catalog, utc_now
from ingestion.store.scripts import ApprovalState, ScriptDraft
from tests.app.service_fakes import audit_replay, rule_books
from tests.generation.script_fakes import GramEncoder

SCRIPTS = load_scripts()
REQUEST = AnswerRequest("能退吗？", "hr", (), "s1", "inquiry", None, None, "trace-1")
PAY = ScriptDraft(
    "付款可以用微信、支付宝或者银行卡。",
    "zh",
    "inquiry",
    state=ApprovalState.APPROVED,
    script_id="pay",
)


class Judged:
    """A gate over a real catalog whose verdicts go into its audit."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self.books: RuleBooks = rule_books(catalog)
        self.books.keep_default()
        self.player: AuditReplay = audit_replay(catalog)

    def judge(self, text: str, *, approved: bool = False, versions: str = "grams") -> int:
        library = ScriptLibrary(
            self.catalog.scripts, self.catalog.policies.newest, GramEncoder(), utc_now
        )
        gate: Gate = policy_gate(library, rules_of(self.books.of), fallback_texts(SCRIPTS))
        notes: list[Vetted] = []
        with noting(notes):
            verdict = gate.gate(
                text,
                evidence=["引文"],
                language="zh",
                collection="hr",
                stage="inquiry",
                approved=approved,
            )
        drafts = audit_drafts(REQUEST, notes, verdict.text, {"encoder": versions})
        return self.catalog.audit.append(drafts).sequence

    def replay(self, sequence: int) -> Replay:
        found = self.player.replay(sequence)
        assert found is not None
        return found


@pytest.fixture
def judged(tmp_path: Path) -> Iterator[Judged]:
    catalog = Catalog(tmp_path / "catalog.sqlite")
    yield Judged(catalog)
    catalog.close()


@pytest.mark.parametrize("mode", ["off", "advise", "guard", "strict", "hybrid"])
@pytest.mark.parametrize(
    "text",
    ["付款可以用微信、支付宝或者银行卡。", "本产品保证收益，稳赚不赔。", "借阅期限为三十日。", " "],
)
def test_verdicts_of_every_policy_are_the_same_after_everything_changed(
    judged: Judged, mode: str, text: str
) -> None:
    catalog = judged.catalog
    catalog.scripts.put_all([PAY])
    catalog.policies.put("hr", {"mode": mode, "thresholds": {"inquiry": 0.4}}, "li")
    judged.books.put("hr", default_rules_json(), "li")
    sequence = judged.judge(text)
    then = catalog.audit.entry(sequence)
    assert then is not None
    assert then.facts["policy_version"] == 1
    # Whatever is changed afterwards, an earlier verdict is that of its time.
    catalog.policies.put("hr", {"mode": "strict", "threshold": 0.99}, "wang")
    catalog.scripts.put_all(
        [replace(PAY, text="只收现金。"), replace(PAY, script_id="x", text=text)]
    )
    judged.books.put("hr", json.dumps({"version": "2", "rules": []}), "wang")
    found = judged.replay(sequence)
    assert (found.outcome, found.reasons) == (ReplayOutcome.SAME, ())
    assert found.then == found.now


def test_default_policy_and_rules_of_the_service_are_played_back(judged: Judged) -> None:
    blocked, passed = judged.judge("本产品保证收益，稳赚不赔。"), judged.judge("借阅期限为三十日。")
    own = judged.judge(PAY.text, approved=True)
    assert [judged.replay(one).outcome for one in (blocked, passed, own)] == ["same"] * 3
    assert judged.replay(blocked).then["allowed"] is False  # type: ignore[index]  # is not None
    assert judged.player.replay(99) is None


def test_another_encoder_is_named(judged: Judged) -> None:
    found = judged.replay(judged.judge("借阅期限为三十日。", versions="older"))
    assert found.outcome == "same"
    assert found.notes == ("encoder was older then and is grams now",)


def test_erased_words_can_not_be_played_back(judged: Judged) -> None:
    sequence = judged.judge("借阅期限为三十日。")
    judged.catalog.audit.erase(trace_id="trace-1")
    found = judged.replay(sequence)
    assert (found.outcome, found.reasons) == ("impossible", ("its words were erased",))
    erasure = judged.replay(sequence + 1)
    assert (erasure.outcome, erasure.reasons) == ("impossible", ("it is no verdict",))


def test_a_deleted_script_is_named(judged: Judged) -> None:
    judged.catalog.scripts.put_all([PAY])
    judged.catalog.policies.put("hr", {"mode": "strict"}, "")
    sequence = judged.judge(PAY.text)
    judged.catalog.scripts.delete("pay")
    found = judged.replay(sequence)
    assert found.outcome == "differs"
    assert "version 1 of the script pay was deleted since" in found.notes


def test_a_script_that_may_not_have_been_embedded_then_is_named(judged: Judged) -> None:
    judged.catalog.policies.put("hr", {"mode": "hybrid"}, "")
    sequence = judged.judge("付款能用微信或者银行卡吗。")
    entry = judged.catalog.audit.entry(sequence)
    assert entry is not None and entry.facts["script_id"] is None
    judged.catalog.scripts.put_all([PAY])
    # As if the script had been there already, and only its vectors had not.
    with judged.catalog._database.writing() as connection:
        wrong = entry.facts["judged_at"].replace("T", " ").split("+")[0]
        connection.execute(sa.text("UPDATE script_versions SET created_at = :at"), {"at": wrong})
    found = judged.replay(sequence)
    assert found.outcome == "differs"
    assert (
        "version 1 of the script pay was 0 s old, and may not have been embedded yet" in found.notes
    )


def test_a_rule_file_or_policy_that_is_not_kept_is_named(judged: Judged) -> None:
    judged.catalog.policies.put("hr", {"mode": "guard"}, "")
    sequence = judged.judge("借阅期限为三十日。")
    change(judged, "DELETE FROM rule_sets")
    assert "rule file" in judged.replay(sequence).reasons[0]
    change(judged, "DELETE FROM policies")
    assert judged.replay(sequence).reasons == ("version 1 of the policy of hr is not kept",)


def test_words_changed_in_the_database_are_not_believed(judged: Judged) -> None:
    sequence = judged.judge("借阅期限为三十日。")
    change(judged, "UPDATE audit_texts SET texts = replace(texts, '三十', '五十')")
    found = judged.replay(sequence)
    assert found.outcome == "impossible"
    assert "not as it was written" in found.reasons[0]


def test_a_failure_of_compliance_is_not_repeated(judged: Judged) -> None:
    judged.catalog.policies.put("hr", {"mode": "no such"}, "")
    sequence = judged.judge("借阅期限为三十日。")
    found = judged.replay(sequence)
    assert found.outcome == "impossible"
    assert found.then is not None and str(found.then["reason"]).startswith("rule_failed")


def test_wording_shown_without_a_verdict_is_looked_up(judged: Judged) -> None:
    texts = fallback_texts(SCRIPTS)["zh"], "没人看过。"
    outcomes = []
    for text in texts:
        drafts = audit_drafts(REQUEST, [as_approved(text, REQUEST)], text, {"encoder": "grams"})
        sequence = judged.catalog.audit.append(drafts).sequence
        outcomes.append(judged.replay(sequence).outcome)
    assert outcomes == ["same", "impossible"]


def test_an_entry_of_an_older_version_is_found_by_its_time(judged: Judged) -> None:
    judged.catalog.policies.put("hr", {"mode": "guard"}, "")
    notes: list[Vetted] = []
    with noting(notes):
        policy_gate(
            ScriptLibrary(
                judged.catalog.scripts, judged.catalog.policies.newest, GramEncoder(), utc_now
            ),
            rules_of(judged.books.of),
            fallback_texts(SCRIPTS),
        ).gate("借阅期限为三十日。", evidence=(), language="zh", collection="hr", stage="inquiry")
    [draft] = audit_drafts(REQUEST, notes, "", {"encoder": "grams"})
    added = ("policy_version", "rules", "approved", "judged", "judged_at")
    facts = {name: value for name, value in draft.facts.items() if name not in added}
    sequence = judged.catalog.audit.append([replace(draft, facts=facts)]).sequence
    found = judged.replay(sequence)
    assert found.outcome == "same"
    assert "an older version wrote it" in found.notes[0]


def test_scripts_are_those_of_the_moment(judged: Judged) -> None:
    scripts = judged.catalog.scripts
    before = utc_now()
    scripts.put_all([PAY])
    scripts.put_all([replace(PAY, text="新的。")])
    assert scripts.approved_at(before - timedelta(seconds=1)) == []
    scripts.put_all([replace(PAY, state=ApprovalState.RETIRED)])
    assert scripts.approved_at(utc_now()) == []


def change(judged: Judged, statement: str) -> None:
    with judged.catalog._database.writing() as connection:
        connection.execute(sa.text(statement))
