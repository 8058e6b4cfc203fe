"""Whatever fails, hangs or lies inside compliance: nothing is shown that was not vetted.

Where faults are put is not listed by hand. Every way is played once while each function is noted
that runs in a thread of compliance; then each of them is made to fail in turn, on one of its ways.
With `--every-fault` on several ways each, and each of them also hangs; else only the ways in do.
"""

import gc
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from itertools import cycle
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import pytest

from tests.app.gate_stack import (
    BAD,
    WAYS,
    Stack,
    Way,
    asked,
    is_inside,
    open_stack,
    said,
    wait_for_bounded,
)
from tests.ingestion.catalog_samples import ROOT

# Those that ask the rest of compliance; each way in must be among what is found.
MUST_BE_FOUND = {
    "app/rule_books.py:RuleBooks.of",
    "app/staged_answers.py:StagedAnswers._plan",
    "app/audit_drafts.py:audit_drafts",
    "generation/compliance.py:review",
    "generation/policy.py:Policy.threshold_at",
    "generation/policy_judge.py:PolicyJudge.__call__",
    "generation/rules/rule_book.py:RuleBook.judge",
    "generation/rules/personal_data.py:masked",
    "generation/rules/personal_data.py:personal_data",
    "generation/rules/topics.py:TopicFinder.score",
    "generation/rules/wording.py:WordingFinder.find",
    "generation/rules/invisible.py:strip_invisible",
    "generation/rules/prompt_leak.py:block_prompt_leak",
    "generation/script_library.py:ScriptLibrary.fallback",
    "generation/script_library.py:ScriptLibrary.follow",
    "generation/script_library.py:ScriptLibrary.greeting",
    "generation/script_library.py:ScriptLibrary.handover",
    "generation/script_library.py:ScriptLibrary.nearest",
    "generation/script_library.py:ScriptLibrary.policy",
    "generation/script_index.py:best_matches",
    "generation/script_match.py:likeness",
    "generation/stages.py:Intents.intent",
    "ingestion/store/audit.py:Audit.append",
    "ingestion/store/policies.py:Policies.keep_state",
    "ingestion/store/policies.py:Policies.newest",
    "ingestion/store/policies.py:Policies.state",
    "ingestion/store/rule_sets.py:RuleSets.version",
    "ingestion/store/scripts.py:Scripts.approved",
    "ingestion/store/scripts.py:Scripts.change_number",
    "retrieval/dense.py:DenseIndex.search",
    "tests/generation/script_fakes.py:GramEncoder.embed_queries",
}
OWN = ("app", "generation", "ingestion", "models", "retrieval", "tests")
RELEASED = threading.Event()
# Faults in what ends a thread of compliance end the thread.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")


class Fault(Exception):
    pass


@pytest.fixture
def most(request: pytest.FixtureRequest) -> int:
    """Return on how many of its ways a function is broken."""
    return 3 if request.config.getoption("every_fault") else 1


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    stack = open_stack(tmp_path_factory.mktemp("gate"))
    for way in WAYS:
        said(stack, way)
    yield stack
    RELEASED.set()
    stack.catalog.close()


def name_of(code: CodeType) -> str:
    return f"{Path(code.co_filename).relative_to(ROOT)}:{code.co_qualname}"


@contextmanager
def noting_calls(into: set[CodeType]) -> Iterator[None]:
    """Note what of this project runs in threads that begin meanwhile."""
    # Not all below the root is ours: the environment with everybody else's packages may be.
    own = tuple(f"{ROOT}/{name}/" for name in OWN)

    def note(frame: Any, event: str, _argument: object) -> None:
        code = frame.f_code
        if event == "call" and code.co_filename.startswith(own) and is_inside():
            into.add(code)

    threading.setprofile(note)
    try:
        yield
    finally:
        threading.setprofile(None)


@cache
def found(stack: Stack) -> dict[str, tuple[CodeType, list[Way]]]:
    """Return what runs inside compliance, by name, with the ways that lead there.

    What is made anew at each call (a closure, a comprehension) is part of what makes it.
    """
    ways: dict[CodeType, list[Way]] = {}
    for way in WAYS:
        codes: set[CodeType] = set()
        with noting_calls(codes):
            said(stack, way)
        for code in codes:
            ways.setdefault(code, []).append(way)
    own = {code: reached for code, reached in ways.items() if functions_of(code)}
    return {name_of(code): (code, reached) for code, reached in sorted(own.items(), key=named)}


def named(entry: tuple[CodeType, Any]) -> str:
    return name_of(entry[0])


def functions_of(code: CodeType) -> list[FunctionType]:
    holders = gc.get_referrers(code)
    return [one for one in holders if isinstance(one, FunctionType) and one.__code__ is code]


def _shim() -> CodeType:
    def shim(*args: Any, **kwargs: Any) -> Any:
        hook: Any = "HOOK"
        return hook(*args, **kwargs)

    return shim.__code__


@contextmanager
def broken(code: CodeType, fault: Callable[[], object], reached: list[str]) -> Iterator[None]:
    """Put a fault in place of a function wherever it is known, inside compliance only."""
    functions = functions_of(code)

    def hook_of(function: FunctionType) -> Callable[..., Any]:
        original = FunctionType(
            code,
            function.__globals__,
            function.__name__,
            function.__defaults__,
            function.__closure__,
        )
        original.__kwdefaults__ = function.__kwdefaults__

        def hook(*args: Any, **kwargs: Any) -> Any:
            if not is_inside():
                return original(*args, **kwargs)
            reached.append(name_of(code))
            return fault()

        return hook

    for function in functions:
        shim = _shim()
        hook = hook_of(function)
        consts = tuple(hook if one == "HOOK" else one for one in shim.co_consts)
        function.__code__ = shim.replace(co_consts=consts, co_freevars=code.co_freevars)
    try:
        yield
    finally:
        for function in functions:
            function.__code__ = code


def raising() -> object:
    raise Fault


def hanging() -> object:
    RELEASED.wait(60)
    raise Fault


def test_all_of_compliance_is_found(stack: Stack) -> None:
    assert set(found(stack)) >= MUST_BE_FOUND
    assert len(found(stack)) > len(MUST_BE_FOUND)


def test_unbroken_ways_show_what_they_should(stack: Stack) -> None:
    texts = {way.name: said(stack, way) for way in WAYS}
    assert texts["generate"] == ["借阅期限为三十日。", "咨询电话是138****5678。", "其余请问馆员。"]
    assert texts["strict"][0] == "借阅期限是三十日。"
    assert texts["hand over"] == ["正在转接馆员。"]
    assert texts["greeting"] == ["您好，请讲。"]
    assert texts["script first"] == ["借阅期限是三十日。"]
    assert BAD not in "".join(texts["extract"])


async def test_whatever_raises_inside_shows_approved_words_and_raises_the_alarm(
    stack: Stack, most: int
) -> None:
    forms = cycle(range(4))
    silent = []
    for name, (code, ways) in found(stack).items():
        for way in ways[:most]:
            reached: list[str] = []
            before = stack.failures()
            with broken(code, raising, reached):
                await asked(stack, way, next(forms))
            if reached and stack.failures() == before:
                silent.append((name, way.name))
    assert silent == []
    assert list(stack.catalog.audit.verify()) == []


def test_whatever_hangs_inside_ends_in_approved_words_within_seconds(
    stack: Stack, most: int
) -> None:
    slow, silent = [], []
    for name, (code, ways) in found(stack).items():
        if most == 1 and name not in MUST_BE_FOUND:
            continue
        before, began = stack.failures(), time.monotonic()
        reached: list[str] = []
        RELEASED.clear()
        with broken(code, hanging, reached):
            said(stack, ways[0])
            if time.monotonic() - began > 20:
                slow.append(name)
        RELEASED.set()
        if reached and stack.failures() == before:
            silent.append(name)
        wait_for_bounded()
    assert (slow, silent) == ([], [])
    assert list(stack.catalog.audit.verify()) == []


LIES: dict[str, Callable[[], object]] = {
    "nothing": lambda: None,
    "yes": lambda: True,
    "a number": lambda: 7,
    "the draft": lambda: BAD,
    "a thing": object,
}


@pytest.mark.parametrize("lie", LIES)
def test_whatever_returns_something_of_another_kind_shows_approved_words(
    stack: Stack, tmp_path: Path, lie: str, most: int
) -> None:
    # Another one is told lies, as they are stored too.
    told = open_stack(tmp_path)
    shown = []
    for name, (code, ways) in found(stack).items():
        if any(
            part.startswith("_") and part != "__call__" for part in name.split(":")[1].split(".")
        ):
            continue
        for way in ways[:most]:
            with broken(code, LIES[lie], []):
                try:
                    said(told, way)
                except AssertionError:
                    shown.append((name, way.name))
    assert shown == []
    told.catalog.close()
