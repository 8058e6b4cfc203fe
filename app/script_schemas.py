"""Scripts and policies as HTTP and files carry them."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from app.schemas import CollectionName, Question, Reply, Request, ShortText, plain_text
from generation.policy import DEFAULT_MOVES, DEFAULT_THRESHOLD, OPENING, Mode
from generation.prompt import Language
from ingestion.store.scripts import ApprovalState, ScriptDraft

MAX_SCRIPT = 2000
_STAGE = re.compile(r"\w[\w.-]{0,63}")
_SCRIPT_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")


def stage_name(value: str) -> str:
    """Return the name. Raises ValueError unless it is letters, digits, `_`, `-` and `.`."""
    if _STAGE.fullmatch(value) is None:
        raise ValueError("must be 1 to 64 letters, digits, '_', '-' or '.'")
    return value


def checked_id(value: str) -> str:
    """Return the id. Raises ValueError unless it is ASCII letters, digits, `_`, `-` and `.`."""
    if _SCRIPT_ID.fullmatch(value) is None:
        raise ValueError("must be 1 to 64 ASCII letters, digits, '_', '-' or '.'")
    return value


def _default_moves() -> dict[str, dict[str, str]]:
    return {stage: dict(moves) for stage, moves in DEFAULT_MOVES.items()}


def _moment(value: datetime) -> datetime:
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value


Wording = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_SCRIPT),
    AfterValidator(plain_text),
]
Tag = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=64, pattern=r'^[^;"\\\n]*$'),
    AfterValidator(plain_text),
]
StageName = Annotated[str, AfterValidator(stage_name)]
Moment = Annotated[datetime, AfterValidator(_moment)]
Author = Annotated[str, StringConstraints(max_length=128), AfterValidator(plain_text)]
Share = Annotated[float, Field(ge=0, le=1)]


class ScriptBody(Request):
    """A script. collection: null for every collection; valid_to: excluded."""

    script_id: Annotated[str, AfterValidator(checked_id)] | None = None
    collection: CollectionName | None = None
    language: Language
    stage: StageName
    text: Wording
    variants: Annotated[list[Wording], Field(default_factory=list, max_length=50)]
    tags: Annotated[list[Tag], Field(default_factory=list, max_length=32)]
    state: ApprovalState = ApprovalState.DRAFT
    valid_from: Moment | None = None
    valid_to: Moment | None = None
    author: Author = ""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.valid_from and self.valid_to and self.valid_from >= self.valid_to:
            raise ValueError("valid_to must be later than valid_from")
        return self

    def draft(self, script_id: str | None = None) -> ScriptDraft:
        """Return it as the catalog takes it."""
        return ScriptDraft(
            text=self.text,
            language=self.language,
            stage=self.stage,
            collection=self.collection or "",
            variants=tuple(self.variants),
            tags=tuple(dict.fromkeys(self.tags)),
            state=self.state,
            valid_from=self.valid_from,
            valid_to=self.valid_to,
            author=self.author,
            script_id=script_id or self.script_id or "",
        )


class ScriptEdit(ScriptBody):
    """A script in place of its older version. version: the one that was edited; null: any."""

    version: int | None = None


class ScriptReply(Reply):
    """A version of a script. collection: empty for every collection."""

    script_id: str
    version: int
    collection: str
    language: str
    stage: str
    state: ApprovalState
    text: str
    variants: tuple[str, ...]
    tags: tuple[str, ...]
    valid_from: datetime | None
    valid_to: datetime | None
    author: str
    created_at: datetime
    updated_at: datetime


class ScriptsReply(Reply):
    """A page of scripts, and how many there are."""

    scripts: list[ScriptReply]
    total: int
    offset: int
    limit: int


class VersionsReply(Reply):
    """All versions of a script, newest first."""

    versions: list[ScriptReply]


class RowError(Reply):
    """What is wrong with a row, from 1; the heading of a table is not counted."""

    row: int
    field: str
    msg: str


class ImportReply(Reply):
    """What became of a file of scripts."""

    rows: int
    stored: int = Field(description="Rows that were new or changed a script, or would.")
    unchanged: int
    errors: list[RowError]
    dry_run: bool


class MatchBody(Request):
    """A sentence to hold against the scripts, as an answer would be."""

    text: Question
    collection: CollectionName | None = None
    language: Language | None = None
    stage: StageName | None = None
    limit: Annotated[int, Field(ge=1, le=20)] = 5


class MatchReply(Reply):
    """A script near a sentence. differs: what the two state differently; empty: nothing."""

    script_id: str
    version: int
    stage: str
    text: str
    score: float
    cosine: float
    differs: str


class BasisReply(Reply):
    """What a verdict rests on."""

    policy: str
    stage: str
    rule_id: str | None
    rule_version: int | None
    script_id: str | None
    script_version: int | None
    score: float | None
    threshold: float | None


class JudgedReply(Reply):
    """What the collection's policy makes of the sentence; `text` is what would be shown."""

    allowed: bool
    text: str
    reason: str
    basis: BasisReply


class MatchesReply(Reply):
    """The nearest scripts, best first, and the verdict."""

    matches: list[MatchReply]
    verdict: JudgedReply


class PolicyBody(Request):
    """What compliance demands of a collection."""

    mode: Mode = Mode.GUARD
    threshold: Share = DEFAULT_THRESHOLD
    thresholds: Annotated[dict[StageName, Share], Field(default_factory=dict, max_length=64)]
    script_first: bool = False
    handover_after: Annotated[int, Field(ge=0, le=100)] = 3
    first_stage: StageName = OPENING
    moves: Annotated[
        dict[StageName, dict[ShortText, StageName]],
        Field(default_factory=_default_moves, max_length=64),
    ]
    intents: Annotated[
        dict[ShortText, Annotated[list[ShortText], Field(min_length=1, max_length=200)]],
        Field(
            default_factory=dict,
            max_length=64,
            description="Examples of intents, beside those that ship.",
        ),
    ]
    author: Annotated[Author, Field(description="Who puts it in force; kept with the version.")] = (
        ""
    )

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if self.first_stage not in self.moves:
            raise ValueError("first_stage must be one of the stages of moves")
        unknown = {to for own in self.moves.values() for to in own.values()} - set(self.moves)
        if unknown:
            raise ValueError(f"moves lead to stages that they do not have: {sorted(unknown)}")
        return self

    def content(self) -> Mapping[str, Any]:
        """Return it as the catalog keeps it, without its author, who is kept beside it."""
        return self.model_dump(mode="json", exclude={"author"})


class PolicyReply(PolicyBody):
    """A collection's policy. version: 0 where none is stored and the default holds."""

    collection: str
    version: int
    created_at: datetime | None
