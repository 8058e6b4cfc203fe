"""Measure how sentences find their approved script, and how many find one that they should not."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, model_validator

from evaluation.compliance_run import LabelledFileError, Part, Rate, parse_lines, rate_of
from generation.policy import Policy
from generation.prompt import Language
from generation.script_index import Match
from generation.script_library import Embedder, ScriptLibrary
from ingestion.store.catalog import Catalog, utc_now
from ingestion.store.scripts import ScriptDraft

SHOWN = 5


class ScriptSentence(BaseModel):
    """A sentence and the script that should stand for it.

    `paraphrase`: as an answer would say it; `question`: as a user asks; both should match the
    script. `near_miss`: on the script's subject, but another fact, so that it must not match.
    `unrelated`: must match none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str
    language: Language
    kind: Literal["paraphrase", "question", "near_miss", "unrelated"]
    script_id: str = ""

    @model_validator(mode="after")
    def _named(self) -> Self:
        if (self.kind == "unrelated") is bool(self.script_id):
            raise ValueError("script_id is for all but unrelated sentences")
        return self

    @property
    def should_match(self) -> bool:
        """Tell whether a script should stand for it."""
        return self.kind in ("paraphrase", "question")


@dataclass(frozen=True, slots=True)
class Found:
    """A sentence with the scripts that were nearest, best first. stage: of its script."""

    sentence: ScriptSentence
    matches: tuple[Match, ...]
    seconds: float
    stage: str = ""

    @property
    def score(self) -> float:
        """Return the best score, 0 without any."""
        return self.matches[0].score if self.matches else 0.0

    @property
    def right_first(self) -> bool:
        """Tell whether the sentence's script is the best one."""
        best = self.matches[0] if self.matches else None
        return best is not None and best.script.script_id == self.sentence.script_id


def shipped_sentences(part: Part) -> list[ScriptSentence]:
    """Return one half of the sentences that ship. Raises LabelledFileError for `fresh`."""
    name = f"scripts_{part.value}.jsonl"
    resource = files("evaluation") / "compliance_data" / name
    if not resource.is_file():
        raise LabelledFileError(name, 0, "there is no such half of the sentences for scripts")
    return parse_lines(ScriptSentence, resource.read_text(encoding="utf-8"), name)


def load_sentences(path: Path) -> list[ScriptSentence]:
    """Read labelled sentences, one JSON object a line. Raises LabelledFileError, or OSError."""
    try:
        content = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as exc:
        raise LabelledFileError(path.name, 1, "this is not UTF-8") from exc
    return parse_lines(ScriptSentence, content, path.name)


@contextmanager
def library_of(drafts: Sequence[ScriptDraft], embedder: Embedder) -> Iterator[ScriptLibrary]:
    """Give a library of these scripts in a catalog of its own, all of them embedded."""
    with TemporaryDirectory() as folder:
        catalog = Catalog(Path(folder) / "catalog.sqlite3")
        try:
            catalog.scripts.put_all(drafts)
            library = ScriptLibrary(catalog.scripts, catalog.policies.newest, embedder, utc_now)
            library.follow(max(1, len(drafts)))
            yield library
        finally:
            catalog.close()


def find_all(
    library: ScriptLibrary,
    sentences: Iterable[ScriptSentence],
    drafts: Sequence[ScriptDraft] = (),
    clock: Callable[[], float] = time.perf_counter,
) -> list[Found]:
    """Hold each sentence against the library as an answer is held. drafts: give their stages."""
    stages = {one.script_id: one.stage for one in drafts}
    found: list[Found] = []
    for one in sentences:
        began = clock()
        matches = library.nearest(one.text, collection="", language=one.language, limit=SHOWN)
        spent = clock() - began
        found.append(Found(one, tuple(matches), spent, stages.get(one.script_id, "")))
    return found


def table_rows(found: Sequence[Found], policy: Policy) -> list[list[str]]:
    """Return rows of (which, sentences, right first, right and matched, matched)."""
    views = [("", list(found))]
    for language in dict.fromkeys(one.sentence.language for one in found):
        views.append((f" {language}", [f for f in found if f.sentence.language == language]))
    rows: list[list[str]] = []
    for kind in dict.fromkeys(one.sentence.kind for one in found):
        for name, seen in views:
            part = [one for one in seen if one.sentence.kind == kind]
            if part:
                rows.append([f"{kind}{name}", str(len(part)), *_cells(part, policy)])
    return rows


def is_matched(found: Found, policy: Policy) -> bool:
    """Tell whether a script would be shown in the sentence's place, at the stage of its script."""
    return bool(found.matches) and found.score >= policy.threshold_at(found.stage)


def _cells(part: Sequence[Found], policy: Policy) -> list[str]:
    total = len(part)
    matched = sum(is_matched(one, policy) for one in part)
    if not part[0].sentence.should_match:
        return ["–", "–", _told(rate_of(matched, total))]
    first = sum(one.right_first for one in part)
    both = sum(one.right_first and is_matched(one, policy) for one in part)
    return [*(_told(rate_of(count, total)) for count in (first, both, matched))]


def _told(found: Rate) -> str:
    bounds = f"[{100 * found.low:.1f}, {100 * found.high:.1f}]"
    return f"{found.count} = {100 * found.share:.1f} % {bounds}"
