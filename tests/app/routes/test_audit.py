import httpx
import pytest

from app.answer_events import AnswerRequest
from app.audit_drafts import audit_drafts
from generation.audit import Vetted, noting
from generation.compliance_rules import rules_of
from generation.policy_judge import policy_gate
from generation.scripts import fallback_texts, load_scripts
from ingestion.store.audit import AuditDraft
from ingestion.store.catalog import Catalog
from tests.app.service_fakes import assert_problem, rule_books, script_library


@pytest.fixture
def three(catalog: Catalog) -> None:
    for trace, action in (("a", "allowed"), ("b", "blocked"), ("b", "allowed")):
        catalog.audit.append([AuditDraft(trace, "hr", action, "", {"score": 0.5}, {"draft": "句"})])


@pytest.mark.usefixtures("three")
async def test_list_filters_and_pages_newest_first(client: httpx.AsyncClient) -> None:
    everything = (await client.get("/audit")).json()
    assert [entry["sequence"] for entry in everything["entries"]] == [3, 2, 1]
    page = (await client.get("/audit", params={"offset": 1, "limit": 1})).json()
    assert ([one["sequence"] for one in page["entries"]], page["total"]) == ([2], 3)
    found = (await client.get("/audit", params={"trace_id": "b", "action": "blocked"})).json()
    assert [one["sequence"] for one in found["entries"]] == [2]
    none = await client.get("/audit", params={"since": "2100-01-01T00:00:00Z"})
    assert none.json()["total"] == 0


@pytest.mark.usefixtures("three")
async def test_entry_tells_all_and_null_for_erased_words(
    client: httpx.AsyncClient, catalog: Catalog
) -> None:
    assert (await client.get("/audit/1")).json()["texts"] == {"draft": "句"}
    catalog.audit.erase(trace_id="a")
    entry = (await client.get("/audit/1")).json()
    assert (entry["texts"], entry["facts"]) == (None, {"score": 0.5})
    assert_problem(await client.get("/audit/99"), 404, "audit_entry_not_found")
    assert (await client.get("/audit/0")).status_code == 422


@pytest.mark.usefixtures("three")
async def test_head_and_verify_agree(client: httpx.AsyncClient) -> None:
    head = (await client.get("/audit/head")).json()
    assert head["sequence"] == 3
    assert (await client.get("/audit/verify")).json() == {"valid": True, "head": head, "flaws": []}


async def test_replay_tells_whether_the_verdict_is_the_same(
    client: httpx.AsyncClient, catalog: Catalog
) -> None:
    rule_books(catalog).keep_default()
    gate = policy_gate(
        script_library(catalog), rules_of(rule_books(catalog).of), fallback_texts(load_scripts())
    )
    notes: list[Vetted] = []
    with noting(notes):
        gate.gate("本产品保证收益，稳赚不赔。", evidence=(), language="zh", collection="hr")
    asked = AnswerRequest("能赚吗？", "hr", (), None, None, None, None, "t")
    catalog.audit.append(audit_drafts(asked, notes, "", {"encoder": "grams"}))
    replay = (await client.get("/audit/1/replay")).json()
    assert (replay["outcome"], replay["reasons"], replay["notes"]) == ("same", [], [])
    assert replay["then"] == replay["now"]
    assert replay["then"]["allowed"] is False
    assert_problem(await client.get("/audit/99/replay"), 404, "audit_entry_not_found")
    assert (await client.get("/audit/0/replay")).status_code == 422
