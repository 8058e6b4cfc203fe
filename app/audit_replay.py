"""Playing a verdict back: judge the same words anew by what was in force then, and compare."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, get_args

from generation.compliance import Candidate, has_failed
from generation.compliance_rules import ALWAYS, rules_of
from generation.policy import Mode, read_policy
from generation.policy_judge import PolicyJudge
from generation.prompt import Language
from generation.records import Verdict
from generation.rules.rule_book import RuleBook
from generation.rules.rule_file import RuleSetError, digest_of
from generation.script_library import Embedder, ScriptLibrary
from ingestion.store.audit import Audit, AuditEntry
from ingestion.store.policies import Policies, StoredPolicy
from ingestion.store.rule_sets import RuleSets
from ingestion.store.scripts import Scripts, StoredScript

CLOSE = 0.002
_BOOKS = 4
# Scripts are embedded some at a time after they were stored, which takes minutes for thousands.
_NEW = 1800.0
_LANGUAGES: Mapping[str, Language] = {one: one for one in get_args(Language)}
_COMPARED = (
    "allowed",
    "reason",
    "policy",
    "policy_version",
    "rule_id",
    "rule_version",
    "script_id",
    "script_version",
)


class ReplayOutcome(StrEnum):
    """Whether judging anew gives the verdict that was given."""

    SAME = "same"
    DIFFERS = "differs"
    IMPOSSIBLE = "impossible"


@dataclass(frozen=True, slots=True)
class Replay:
    """An entry's verdict and the one that its words get anew.

    reasons: what differs, or why it can't be judged as it was; notes: what else is not as it was.
    then, now: the verdicts; None where there is none.
    """

    sequence: int
    trace_id: str
    outcome: ReplayOutcome
    reasons: tuple[str, ...]
    notes: tuple[str, ...]
    then: Mapping[str, Any] | None
    now: Mapping[str, Any] | None


class Unplayable(Exception):
    """What a verdict rested on is not there any more."""


class AuditReplay:
    """Plays verdicts of one data directory back.

    compiled: makes a rule book of a rule file, as the gate has it. fallbacks: what is shown in
    place of what is blocked. approved: texts that are shown without a verdict. versions: of code
    and models now.
    """

    def __init__(
        self,
        audit: Audit,
        scripts: Scripts,
        policies: Policies,
        rule_sets: RuleSets,
        *,
        embedder: Embedder,
        compiled: Callable[[str], RuleBook],
        fallbacks: Mapping[Language, str],
        approved: Sequence[str],
        versions: Mapping[str, str],
    ) -> None:
        self._audit = audit
        self._scripts = scripts
        self._policies = policies
        self._rule_sets = rule_sets
        self._embedder = embedder
        self._compiled = lru_cache(maxsize=_BOOKS)(compiled)
        self._fallbacks = dict(fallbacks)
        self._approved = frozenset((*approved, *fallbacks.values()))
        self._versions = dict(versions)

    def replay(self, sequence: int) -> Replay | None:
        """Return what judging an entry's words anew gives; None where there is no such entry.

        Raises CatalogUnavailable, and what the embedder raises.
        """
        entry = self._audit.entry(sequence)
        if entry is None:
            return None
        then = _then(entry)
        try:
            now = self._judged(entry)
        except Unplayable as error:
            return _replay(entry, ReplayOutcome.IMPOSSIBLE, [str(error)], self._notes(entry), then)
        except (RuleSetError, ValueError, TypeError, KeyError) as error:
            why = f"what was in force then can't be read now: {type(error).__name__}"
            return _replay(entry, ReplayOutcome.IMPOSSIBLE, [why], self._notes(entry), then)
        reasons = _differences(then, now) if then else []
        outcome = ReplayOutcome.DIFFERS if reasons else ReplayOutcome.SAME
        if then and has_failed(Verdict(False, "", then["reason"])):
            outcome = ReplayOutcome.IMPOSSIBLE
            reasons = [f"compliance itself failed then, which is not repeated: {then['reason']}"]
        notes = [*self._notes(entry), *self._newcomer(entry, now)]
        return _replay(entry, outcome, reasons, notes, then, now)

    def _newcomer(self, entry: AuditEntry, now: Mapping[str, Any]) -> list[str]:
        """Tell of a script that matches now and was so new then that it may not have been known."""
        script_id = now.get("script_id")
        if script_id is None or script_id == entry.facts.get("script_id"):
            return []
        for script in self._scripts.versions(script_id):
            if script.version == now["script_version"]:
                seconds = (_moment(entry) - script.updated_at).total_seconds()
                said = f"version {script.version} of the script {script_id} was {seconds:.0f} s old"
                return [f"{said}, and may not have been embedded yet"] if seconds < _NEW else []
        return []

    def _judged(self, entry: AuditEntry) -> Mapping[str, Any]:
        facts, texts = entry.facts, entry.texts
        if "allowed" not in facts:
            raise Unplayable("it is no verdict")
        if texts is None:
            raise Unplayable("its words were erased")
        flaws = self._audit.flaws(entry.sequence)
        if flaws:
            raise Unplayable(f"the entry is not as it was written: {flaws[0].detail}")
        if not facts.get("judged", True):
            return self._unjudged(entry, texts["draft"])
        moment = _moment(entry)
        candidate = Candidate(
            text=texts["draft"],
            evidence=tuple(texts["evidence"]),
            language=_LANGUAGES[facts["language"]],
            collection=entry.collection,
            stage=facts["stage"],
            approved=facts.get("approved", False),
        )
        policy = self._policy(entry, moment)
        library = self._library(candidate, policy, moment)
        book = self._book(entry)
        judge = PolicyJudge(library, rules_of(lambda _collection: book), ALWAYS)
        verdict = judge(candidate, self._fallbacks[candidate.language])
        return _said(verdict)

    def _unjudged(self, entry: AuditEntry, text: str) -> Mapping[str, Any]:
        if text not in self._approved:
            raise Unplayable("no gate judged it, and its wording is not among those that ship now")
        return {**(_then(entry) or {}), "text": text}

    def _policy(self, entry: AuditEntry, moment: datetime) -> StoredPolicy | None:
        version = entry.facts.get("policy_version")
        if version == 0:
            return None
        for stored in self._policies.versions(entry.collection):
            if stored.version == version or (version is None and stored.created_at <= moment):
                return stored
        if version is None:
            return None
        raise Unplayable(f"version {version} of the policy of {entry.collection} is not kept")

    def _library(
        self, candidate: Candidate, stored: StoredPolicy | None, moment: datetime
    ) -> ScriptLibrary:
        policies = [] if stored is None else [stored]
        needed = stored is not None and read_policy(stored.content, stored.version).mode in (
            Mode.STRICT,
            Mode.HYBRID,
        )
        past = _PastScripts(self._scripts, moment, needed=needed and not candidate.approved)
        library = ScriptLibrary(past, lambda: policies, self._embedder, lambda: moment)
        library.follow(past.count())
        return library

    def _book(self, entry: AuditEntry) -> RuleBook:
        digest = entry.facts.get("rules", "")
        for collection in (entry.collection, ""):
            for stored in self._rule_sets.versions(collection):
                # Where no rule file was asked, or an older entry does not name it: the newest.
                if not digest or digest_of(stored.content) == digest:
                    return self._compiled(stored.content)
        named = f"the rule file {digest}" if digest else "a rule file"
        raise Unplayable(f"{named} that was in force is not kept")

    def _notes(self, entry: AuditEntry) -> list[str]:
        facts = entry.facts
        then = facts.get("versions", {})
        notes = [
            f"{name} was {then.get(name, 'unknown')} then and is {now} now"
            for name, now in self._versions.items()
            if then.get(name, "unknown") != now
        ]
        if "rules" not in facts and "allowed" in facts:
            notes.append("an older version wrote it: its policy and rules are found by their time")
        script_id, version = facts.get("script_id"), facts.get("script_version")
        if script_id is not None:
            kept = [one.version for one in self._scripts.versions(script_id)]
            if version not in kept:
                notes.append(f"version {version} of the script {script_id} was deleted since")
        return notes


class _PastScripts:
    """The scripts as they were at a moment, for a library."""

    def __init__(self, scripts: Scripts, moment: datetime, *, needed: bool) -> None:
        self._scripts = scripts
        self._then = scripts.approved_at(moment) if needed else []

    def count(self) -> int:
        return len(self._then)

    def change_number(self) -> int:
        return 0

    def approved(self) -> list[StoredScript]:
        return list(self._then)

    def vectors(self, encoder: str, script_ids: Collection[str]) -> dict[tuple[str, int], bytes]:
        return self._scripts.vectors(encoder, script_ids)

    def keep_vectors(self, encoder: str, made: Sequence[tuple[str, int, bytes]]) -> None:
        """Keep nothing: the vectors of now are those to keep."""


def _then(entry: AuditEntry) -> dict[str, Any] | None:
    facts = entry.facts
    if "allowed" not in facts:
        return None
    said = {name: facts.get(name) for name in (*_COMPARED, "score", "threshold")}
    return {**said, "text": None if entry.texts is None else entry.texts["verdict"]}


def _said(verdict: Verdict) -> dict[str, Any]:
    said = {"allowed": verdict.allowed, "reason": verdict.reason, "text": verdict.text}
    names = (*_COMPARED[2:], "score", "threshold")
    return {**said, **{name: getattr(verdict.basis, name) for name in names}}


def _differences(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    names = [name for name in _COMPARED if then[name] != now[name]]
    if then["policy_version"] is None and "policy_version" in names:
        names.remove("policy_version")
    names += [name for name in ("score", "threshold") if not _is_close(then[name], now[name])]
    found = [f"{name} was {then[name]!r} and is {now[name]!r}" for name in names]
    if then["text"] != now["text"]:
        found.append("the words to be shown differ")
    return found


def _is_close(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return abs(one - other) <= CLOSE


def _moment(entry: AuditEntry) -> datetime:
    at = entry.facts.get("judged_at")
    return datetime.fromisoformat(at) if at else entry.created_at


def _replay(
    entry: AuditEntry,
    outcome: ReplayOutcome,
    reasons: Sequence[str],
    notes: Sequence[str],
    then: Mapping[str, Any] | None,
    now: Mapping[str, Any] | None = None,
) -> Replay:
    return Replay(entry.sequence, entry.trace_id, outcome, tuple(reasons), tuple(notes), then, now)
