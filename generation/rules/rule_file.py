"""Read a rule set from JSON, and say of every rule that is wrong what is wrong with it."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

import re2
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from generation.prompt import Language
from generation.rules.reading import read
from generation.rules.records import (
    Action,
    Denials,
    PersonalKind,
    PersonalRule,
    RequiredRule,
    Rule,
    RuleHead,
    RuleSet,
    Severity,
    TopicRule,
    WordingRule,
)

LARGEST_FILE = 2_000_000  # characters
_MOST_RULES = 2_000
_ID = r"^[a-z0-9][a-z0-9._-]{0,63}$"
_Text = Annotated[str, Field(min_length=1, max_length=500)]
_Patterns = list[Annotated[str, Field(min_length=1, max_length=4_000)]]
_Both = dict[Language, _Text]


class RuleSetError(Exception):
    """A rule set can't be used; `problems` says for each wrong place what is wrong."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=False)


class _Head(_Strict):
    id: str = Field(pattern=_ID)
    version: int = Field(ge=1, default=1)
    stages: list[Annotated[str, Field(min_length=1, max_length=64)]] = []
    languages: list[Language] = []
    severity: Severity = Severity.MEDIUM
    reason: _Both
    allow_in_evidence: bool = True

    def head(self, action: Action) -> RuleHead:
        """Return the part that every rule has."""
        return RuleHead(
            self.id,
            self.version,
            frozenset(self.stages),
            frozenset(self.languages),
            self.severity,
            action,
            self.reason,
            self.allow_in_evidence,
        )


class _Wording(_Head):
    kind: Literal["wording"]
    action: Literal["block", "mask", "annotate", "hand_over"] = "block"
    phrases: list[_Text] = []
    patterns: _Patterns = []
    unless: _Patterns = []
    deniable: bool = False
    homophones: bool = False


class _Required(_Head):
    kind: Literal["required"]
    action: Literal["append", "block", "annotate"] = "append"
    phrases: list[_Text] = Field(min_length=1)
    when: _Patterns = []
    append: _Both = {}


class _Personal(_Head):
    kind: Literal["personal_data"]
    action: Literal["mask", "block", "annotate"] = "mask"
    kinds: list[PersonalKind] = Field(min_length=1)


class _Topic(_Head):
    kind: Literal["topic"]
    action: Literal["block", "annotate", "hand_over"] = "block"
    examples: list[_Text] = Field(min_length=3, max_length=500)
    counter_examples: list[_Text] = Field(default=[], max_length=200)
    cues: _Patterns = []
    threshold: float = Field(ge=-2, le=2)
    cue_threshold: float | None = Field(ge=-2, le=2, default=None)


class _Denials(_Strict):
    before: _Patterns = []
    after: _Patterns = []
    not_before: _Patterns = []


class _File(_Strict):
    version: str = Field(min_length=1, max_length=64)
    denials: _Denials = _Denials()
    neutral: list[_Text] = Field(default=[], max_length=2_000)
    asides: _Patterns = []
    rules: list[dict[str, Any]] = Field(max_length=_MOST_RULES)


_Written = Annotated[_Wording | _Required | _Personal | _Topic, Field(discriminator="kind")]
_ADAPTER: TypeAdapter[_Wording | _Required | _Personal | _Topic] = TypeAdapter(_Written)


def default_rule_set() -> RuleSet:
    """Return the rules that ship with the service."""
    return parse_rule_set(default_rules_json())


def load_rule_set(path: Path | None) -> RuleSet:
    """Return the rules of a file, None: those that ship. Raises OSError, or as `parse_rule_set`."""
    return default_rule_set() if path is None else parse_rule_set(read_rules(path))


def read_rules(path: Path) -> str:
    """Return the text of a rule file. Raises OSError; RuleSetError where it is no UTF-8."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as exc:
        raise RuleSetError([f"this is not UTF-8: {exc.reason}"]) from exc


def default_rules_json() -> str:
    """Return the file of the rules that ship with the service."""
    return (files("generation") / "rules" / "default_rules.json").read_text(encoding="utf-8")


def parse_rule_set(content: str) -> RuleSet:
    """Read a rule set. Raises RuleSetError that names every wrong rule, not only the first."""
    if len(content) > LARGEST_FILE:
        raise RuleSetError([f"the file has {len(content)} characters, at most {LARGEST_FILE}"])
    try:
        file = _File.model_validate(json.loads(content))
    except ValidationError as exc:
        raise RuleSetError(_said(exc, "file")) from exc
    except (ValueError, RecursionError) as exc:
        raise RuleSetError([f"this is no JSON: {exc}"]) from exc
    problems, rules = list[str](), list[Rule]()
    denials = file.denials
    for name in ("before", "after", "not_before"):
        problems += _wrong_patterns(f"denials.{name}", getattr(denials, name))
    for at, entry in enumerate(file.rules, start=1):
        name = f"rule {at} ({str(entry.get('id', '?'))[:64]})"
        try:
            written = _ADAPTER.validate_python(entry)
        except ValidationError as exc:
            problems += _said(exc, name)
            continue
        problems += _wrong_parts(written, name)
        if any(rule.head.rule_id == written.id for rule in rules):
            problems.append(f"{name}: the id occurs twice")
        rules.append(_rule(written))
    problems += _wrong_patterns("asides", file.asides)
    if any(isinstance(rule, TopicRule) for rule in rules) and not file.neutral:
        problems.append("file: topics need neutral sentences to be told from")
    if problems:
        raise RuleSetError(problems)
    kept = Denials(tuple(denials.before), tuple(denials.after), tuple(denials.not_before))
    return RuleSet(
        file.version,
        tuple(rules),
        kept,
        tuple(file.neutral),
        digest_of(content),
        tuple(file.asides),
    )


def digest_of(content: str) -> str:
    """Return what names the content of a rule file in the audit."""
    return hashlib.sha256(content.encode()).hexdigest()[:32]


def _rule(written: _Wording | _Required | _Personal | _Topic) -> Rule:
    head = written.head(Action(written.action))
    if isinstance(written, _Wording):
        parts = (tuple(written.phrases), tuple(written.patterns), tuple(written.unless))
        return WordingRule(head, *parts, written.deniable, written.homophones)
    if isinstance(written, _Required):
        return RequiredRule(head, tuple(written.phrases), tuple(written.when), written.append)
    if isinstance(written, _Personal):
        return PersonalRule(head, frozenset(written.kinds))
    low = written.cue_threshold
    return TopicRule(
        head,
        tuple(written.examples),
        tuple(written.counter_examples),
        tuple(written.cues),
        written.threshold,
        written.threshold if low is None else low,
    )


def _wrong_parts(written: _Wording | _Required | _Personal | _Topic, name: str) -> list[str]:
    problems: list[str] = []
    if not {"zh", "en"} <= set(written.reason):
        problems.append(f"{name}: reason must be given in zh and en")
    if isinstance(written, _Wording):
        problems += _wrong_patterns(f"{name}: patterns", written.patterns)
        problems += _wrong_patterns(f"{name}: unless", written.unless)
        if not written.phrases and not written.patterns:
            problems.append(f"{name}: it has neither phrases nor patterns")
    if isinstance(written, _Wording | _Required):
        unread = [phrase for phrase in written.phrases if not read(phrase).text]
        problems += [f"{name}: phrase {phrase!r} has no letters" for phrase in unread]
    if isinstance(written, _Required):
        problems += _wrong_patterns(f"{name}: when", written.when)
        wanted = set(written.languages or ("zh", "en"))
        if written.action == "append" and not wanted <= set(written.append):
            problems.append(f"{name}: append must be given in {', '.join(sorted(wanted))}")
    if isinstance(written, _Topic):
        problems += _wrong_patterns(f"{name}: cues", written.cues)
    return problems


def _wrong_patterns(name: str, patterns: Sequence[str]) -> list[str]:
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 8 << 20
    problems: list[str] = []
    for pattern in patterns:
        try:
            compiled = re2.compile(pattern, options)
        except re2.error as exc:
            said = exc.args[0].decode() if isinstance(exc.args[0], bytes) else exc.args[0]
            problems.append(f"{name}: {pattern[:80]!r}: {said}")
            continue
        if compiled.match(""):
            problems.append(f"{name}: {pattern[:80]!r} also matches nothing at all")
    return problems


def _said(error: ValidationError, name: str) -> list[str]:
    def place(item: Mapping[str, Any]) -> str:
        return ".".join(str(part) for part in item["loc"])

    return [f"{name}: {place(item)}: {item['msg']}" for item in error.errors(include_url=False)]
