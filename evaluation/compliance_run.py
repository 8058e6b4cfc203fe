"""Measure the rules of compliance on labelled sentences: violations let through, false blocks."""

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from generation.prompt import Language
from generation.rules.records import Judgement
from generation.rules.rule_book import RuleBook

_Line = TypeVar("_Line", bound=BaseModel)
_Z = 1.959964  # of a two-sided interval of 95 %


class Part(StrEnum):
    """Rules are fitted on `fit` and `fresh`; `fresh2` was written before their last change."""

    FIT = "fit"
    HELD_OUT = "held_out"
    FRESH = "fresh"
    FRESH2 = "fresh2"


class Labelled(BaseModel):
    """One sentence: what compliance should do with it, and the quotes it would be shown with.

    secret: the part that must not be shown where `expected` is `mask`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str
    language: Language
    kind: Literal["violation", "evasion", "near_miss", "compliant"]
    category: str
    expected: Literal["block", "mask", "pass"]
    evidence: tuple[str, ...] = ()
    secret: str = ""


class LabelledFileError(Exception):
    """A file of labelled sentences has a line that is none."""

    def __init__(self, name: str, line: int, reason: str) -> None:
        super().__init__(f"{name}, line {line}: {reason}")


@dataclass(frozen=True, slots=True)
class Judged:
    """A labelled sentence and what the rules said of it."""

    labelled: Labelled
    judgement: Judgement

    @property
    def is_wrong(self) -> bool:
        """Tell whether a violation was let through, or an honest sentence held back or changed."""
        if self.labelled.expected == "pass":
            return not self.judgement.allowed or self.judgement.text != self.labelled.text
        if not self.judgement.allowed:
            return False
        if self.labelled.expected == "block":
            return True
        return self.labelled.secret in self.judgement.text


@dataclass(frozen=True, slots=True)
class Rate:
    """So many of so many, with the bounds of Wilson's interval of 95 %."""

    count: int
    total: int
    low: float
    high: float

    @property
    def share(self) -> float:
        """Return the share, 0 of nothing."""
        return self.count / self.total if self.total else 0.0


def shipped(part: Part) -> list[Labelled]:
    """Return one part of the sentences that ship."""
    name = f"{part.value}.jsonl"
    resource = files("evaluation") / "compliance_data" / name
    return parse_lines(Labelled, resource.read_text(encoding="utf-8"), name)


def load_labelled(path: Path) -> list[Labelled]:
    """Read labelled sentences, one JSON object a line. Raises LabelledFileError, or OSError."""
    try:
        return parse_lines(Labelled, path.read_text(encoding="utf-8-sig"), path.name)
    except UnicodeDecodeError as exc:
        raise LabelledFileError(path.name, 1, "this is not UTF-8") from exc


def judge_all(book: RuleBook, sentences: Iterable[Labelled]) -> list[Judged]:
    """Return what the rules say of each sentence, in order."""
    return [
        Judged(one, book.judge(one.text, evidence=one.evidence, language=one.language))
        for one in sentences
    ]


def rate(judged: Sequence[Judged]) -> Rate:
    """Return how many are wrong."""
    return rate_of(sum(one.is_wrong for one in judged), len(judged))


def rate_of(count: int, total: int) -> Rate:
    """Return a share with its interval (Wilson 1927)."""
    if not total:
        return Rate(0, 0, 0.0, 1.0)
    share, spread = count / total, _Z * _Z / total
    middle = (share + spread / 2) / (1 + spread)
    half = _Z * math.sqrt(share * (1 - share) / total + spread / (4 * total)) / (1 + spread)
    return Rate(count, total, max(0.0, middle - half), min(1.0, middle + half))


def violations(judged: Iterable[Judged]) -> list[Judged]:
    """Return those that must not pass as they are."""
    return [one for one in judged if one.labelled.expected != "pass"]


def honest(judged: Iterable[Judged]) -> list[Judged]:
    """Return those that must pass as they are."""
    return [one for one in judged if one.labelled.expected == "pass"]


def table_rows(judged: Sequence[Judged]) -> list[list[str]]:
    """Return rows of (which, violations, let through, honest, false blocks), by several views."""
    views = [("all", list(judged))]
    for field in ("language", "kind", "category"):
        for value in dict.fromkeys(str(getattr(one.labelled, field)) for one in judged):
            views.append(
                (f"{field} {value}", [j for j in judged if getattr(j.labelled, field) == value])
            )
    return [
        [name, *_cells(rate(violations(part))), *_cells(rate(honest(part)))] for name, part in views
    ]


def _cells(found: Rate) -> list[str]:
    if not found.total:
        return ["–", "–"]
    bounds = f"[{100 * found.low:.1f}, {100 * found.high:.1f}]"
    return [str(found.total), f"{found.count} = {100 * found.share:.1f} % {bounds}"]


def parse_lines(kind: type[_Line], content: str, name: str) -> list[_Line]:
    """Read one object of a kind from each line. Raises LabelledFileError."""
    found: list[_Line] = []
    for number, line in enumerate(content.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            found.append(kind.model_validate(json.loads(line)))
        except ValidationError as exc:
            item = exc.errors(include_url=False)[0]
            place = ".".join(map(str, item["loc"]))
            raise LabelledFileError(name, number, f"{place}: {item['msg']}") from exc
        except ValueError as exc:
            raise LabelledFileError(name, number, "this is no JSON") from exc
    return found
