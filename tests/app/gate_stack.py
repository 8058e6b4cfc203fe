"""The whole answering path as it is wired, over fakes of models, with every kind of rule in force."""

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI

from app.answer_events import AnswerRequest, DoneEvent, SentenceEvent
from app.answer_question import Answerer, AnswerSettings
from app.audited_answers import with_audit
from app.conversation import with_sessions
from app.main import create_app
from app.rule_books import RuleBooks, open_rule_books
from app.service import Service
from app.settings import Settings, Strategy
from app.staged_answers import StagedAnswers, fallback_of
from generation.bounded import Bounded
from generation.compliance import Gate
from generation.compliance_rules import ALWAYS, rules_of
from generation.confidence import Calibration
from generation.policy_judge import PolicyJudge
from generation.rules.rule_book import RuleBook
from generation.rules.rule_file import parse_rule_set
from generation.script_library import ScriptLibrary
from generation.scripts import fallback_texts, load_scripts
from generation.stages import Intents
from ingestion.store.catalog import Catalog, utc_now
from ingestion.store.scripts import ApprovalState, ScriptDraft
from retrieval.records import SearchRequest, SearchResult
from tests.app.service_fakes import PASSAGE, FakeModels, client_of, make_service, sent_events
from tests.generation.script_fakes import GramEncoder
from tests.ingestion.catalog_samples import add, ingested_document

SCRIPTS = load_scripts()
# Each sentence of the document is its own evidence; what may not be shown of it differs by policy.
GOOD, MASKED, BAD = (
    "借阅期限为三十日。",
    "咨询电话是13812345678。",
    "本馆理财稳赚不赔。",
)
TEXT = GOOD + MASKED + BAD
SECONDS = 0.25
BOUNDED = frozenset({"audit", "compliance", "fallback", "stages"})
_SESSIONS = iter(range(10**9))
_REASON = {"zh": "不可以", "en": "not allowed"}


def _rule(kind: str, action: str, **more: Any) -> dict[str, Any]:
    return {
        "id": kind,
        "kind": kind,
        "version": 1,
        "severity": "high",
        "action": action,
        "reason": _REASON,
        "allow_in_evidence": False,
        **more,
    }


RULES = json.dumps(
    {
        "version": "1",
        "rules": [
            _rule("wording", "block", phrases=["稳赚不赔"], homophones=True, deniable=True),
            _rule("personal_data", "mask", kinds=["mobile"]),
            _rule("required", "append", phrases=["开放时间"], when=["周末"], append=_REASON),
            _rule("topic", "block", examples=["星座运势", "塔罗牌算命", "生肖占卜"], threshold=0.9),
        ],
        "neutral": ["图书馆开放时间", "借书证办理"],
    },
    ensure_ascii=False,
)


def _script(script_id: str, stage: str, text: str, *tags: str) -> ScriptDraft:
    state = ApprovalState.APPROVED
    return ScriptDraft(text, "zh", stage, script_id=script_id, tags=tags, state=state)


OWN = [
    _script("term", "inquiry", "借阅期限是三十日。"),
    _script("hand", "handover", "正在转接馆员。"),
    _script("hello", "opening", "您好，请讲。", "greeting"),
    _script("later", "fallback", "请稍后再问。"),
    _script("cut", "cut_short", "其余请问馆员。", "fallback"),
]
EXAMPLES = {
    "human": ["转人工", "人工客服"],
    "greeting": ["早上好", "你好"],
    "inquiry": ["期限多长", "借几册"],
}
POLICIES: dict[str, dict[str, Any]] = {
    "guard": {"mode": "guard"},
    "strict": {"mode": "strict", "threshold": 0.4},
    "hybrid": {"mode": "hybrid", "threshold": 0.4},
    "first": {"mode": "guard", "script_first": True, "threshold": 0.4},
    "advise": {"mode": "advise"},
}


@dataclass(frozen=True)
class Way:
    """A way through the answering path. never: what may not be shown on it, whatever fails."""

    name: str
    collection: str
    question: str
    never: tuple[str, ...]
    strategy: Strategy = "generate"
    session: bool = False


_RAW = ("13812345678", "稳赚不赔")
WAYS = [
    Way("generate", "guard", "借阅期限多长？", _RAW),
    Way("session", "guard", "期限多长？", _RAW, session=True),
    Way("extract", "guard", "理财稳赚不赔吗？", _RAW, "extract"),
    Way("read", "guard", "咨询电话是什么？", _RAW, "read"),
    Way("strict", "strict", "借阅期限多长？", ("期限为三十日", "咨询电话", "理财"), session=True),
    Way("hybrid", "hybrid", "借阅期限多长？", _RAW),
    Way("script first", "first", "借阅期限是三十日吗？", _RAW, session=True),
    Way("greeting", "first", "你好", _RAW, session=True),
    Way("hand over", "guard", "转人工", _RAW, session=True),
    Way("refusal", "empty", "借阅期限多长？", _RAW),
    Way("advise", "advise", "借阅期限多长？", ("<start_of_turn>",)),
]


class Writes:
    """Drafts every sentence of the document."""

    name = "fake"
    is_up = True

    def stream(self, _prompt: str, *, max_tokens: int) -> Iterator[str]:
        yield from (GOOD, MASKED, BAD)

    def count_tokens(self, text: str) -> int:
        return len(text)

    def close(self) -> None:
        pass


def find(request: SearchRequest) -> SearchResult:
    """Find the document, but in one collection."""
    if request.collection == "empty":
        return SearchResult((), {}, 1)
    return SearchResult((replace(PASSAGE, text=TEXT, end=PASSAGE.start + len(TEXT)),), {}, 1)


class Stack:
    """An application whose answers go the real way; `app` speaks HTTP."""

    def __init__(self, catalog: Catalog, settings: Settings, folder: Path) -> None:
        self.catalog = catalog
        self.encoder = GramEncoder()
        service = make_service(FakeModels(catalog), settings)
        self.metrics = service.metrics
        self.service: Service = replace(service, answer=self._answer(catalog))
        self.app: FastAPI = create_app(self.service, folder)

    def forget(self) -> None:
        """Have the next answer read scripts, policies and rules anew."""
        self.library._seen = -1
        self.books._seen.clear()

    def failures(self) -> float:
        """Return how often the alarm was raised."""
        lines = self.metrics.page().decode().splitlines()
        counts = [one for one in lines if one.startswith("youju_compliance_failures_total")]
        return sum(float(one.rpartition(" ")[2]) for one in counts)

    def _answer(self, catalog: Catalog) -> Any:
        self.library = library = ScriptLibrary(
            catalog.scripts, catalog.policies.newest, self.encoder, utc_now
        )
        self.books = books = self._books(catalog)
        judge = PolicyJudge(library, rules_of(books.of), ALWAYS)
        gate = Gate((), fallback_texts(SCRIPTS), seconds=SECONDS, judge=judge)
        answerer = Answerer(
            find,
            lambda _passage, _position: 1,
            Writes(),
            gate,
            SCRIPTS,
            AnswerSettings(top_k=8, context_tokens=640, max_tokens=64),
            lambda _collection: Calibration(threshold=0.0),
            fallback=fallback_of(library, self.metrics.count_failure, SECONDS),
        )
        staged = StagedAnswers(
            library,
            Intents(EXAMPLES, self.encoder),
            catalog.policies,
            gate,
            answerer.answer,
            self.metrics.count_failure,
            Bounded(SECONDS, name="stages"),
        )
        audited = with_audit(staged.answer, catalog.audit, SCRIPTS, {}, self.metrics, SECONDS)
        return with_sessions(catalog.sessions, audited)

    def _books(self, catalog: Catalog) -> RuleBooks:
        def compiled(content: str) -> RuleBook:
            return RuleBook(parse_rule_set(content), self.encoder)

        books = open_rule_books(catalog.rule_sets, None, lambda _content: compiled(RULES))
        books._compiled = compiled
        return books


def fill(catalog: Catalog) -> None:
    """Put scripts, policies and rules into a catalog."""
    catalog.scripts.put_all(OWN)
    for collection in {way.collection for way in WAYS}:
        add(catalog, "甲.txt", TEXT.encode(), collection, ingested_document(TEXT))
    for collection, content in POLICIES.items():
        catalog.policies.put(collection, content, "li")
        catalog.rule_sets.put(collection, RULES, "li")


def bodies(way: Way, session: str) -> list[tuple[str, dict[str, Any]]]:
    """Return the four forms in which a question can be asked."""
    asked = {"question": way.question, "collection": way.collection, "strategy": way.strategy}
    if way.session:
        asked["session_id"] = session
    chat = {
        "model": f"youju/{way.collection}",
        "messages": [{"role": "user", "content": way.question}],
    }
    return [
        ("/ask", {**asked, "stream": False}),
        ("/ask", {**asked, "stream": True}),
        ("/v1/chat/completions", {**chat, "stream": False}),
        ("/v1/chat/completions", {**chat, "stream": True}),
    ]


def is_inside() -> bool:
    """Tell whether this thread is one of those in which compliance runs bounded."""
    return threading.current_thread().name in BOUNDED


def said(stack: Stack, way: Way) -> list[str]:
    """Return the sentences of a way's answer, each with the check that it may be shown."""
    stack.forget()
    session = f"s{next(_SESSIONS)}" if way.session else None
    asked = AnswerRequest(
        way.question,
        way.collection,
        (),
        session,
        None,
        way.strategy,
        None,
        "t",
    )
    *sentences, done = stack.service.answer(asked)
    assert isinstance(done, DoneEvent)
    texts = [one.text for one in sentences if isinstance(one, SentenceEvent)]
    assert texts
    assert len(texts) == len(sentences)
    check(way, "".join(texts) + done.answer.text)
    return texts


async def asked(stack: Stack, way: Way, form: int) -> str:
    """Return the words of an answer over HTTP, in one of four forms."""
    stack.forget()
    path, body = bodies(way, f"s{next(_SESSIONS)}")[form]
    async with client_of(stack.app) as client:
        response: httpx.Response = await client.post(path, json=body)
    assert response.status_code == 200, response.text
    words = words_of(path, response.text, stream=body["stream"])
    assert words
    check(way, words)
    return words


def words_of(path: str, text: str, *, stream: bool) -> str:
    """Return the words that a response shows as the answer."""
    if path == "/ask":
        if not stream:
            return str(json.loads(text)["answer"])
        events = sent_events(text)
        assert events[-1][0] == "done"
        told = [data["text"] for name, data in events if name == "sentence"]
        return "".join(told) + str(events[-1][1]["answer"])
    if not stream:
        return str(json.loads(text)["choices"][0]["message"]["content"])
    lines = [line.removeprefix("data: ") for line in text.splitlines() if line.startswith("data")]
    assert lines[-1] == "[DONE]"
    choices = [choice for line in lines[:-1] for choice in json.loads(line)["choices"]]
    return "".join(choice["delta"].get("content") or "" for choice in choices)


def check(way: Way, words: str) -> None:
    """Check that nothing is shown that may not be."""
    for never in way.never:
        assert never not in words


def wait_for_bounded() -> None:
    """Wait until what was left behind has ended: threads are not lost for ever."""
    deadline = time.monotonic() + 20
    while any(thread.name in BOUNDED for thread in threading.enumerate()):
        assert time.monotonic() < deadline
        time.sleep(0.005)


def open_stack(folder: Path) -> Stack:
    """Return a stack over a new catalog that is filled."""
    (folder / "index.html").write_text("<!doctype html>", encoding="utf-8")
    catalog = Catalog(folder / "catalog.sqlite")
    fill(catalog)
    return Stack(catalog, Settings(data_dir=folder), folder)
