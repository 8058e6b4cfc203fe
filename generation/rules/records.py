"""What compliance rules are: data, with what a user may read about each of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from generation.prompt import Language


class Action(StrEnum):
    """What happens to a text that a rule finds something in."""

    BLOCK = "block"
    MASK = "mask"
    ANNOTATE = "annotate"
    APPEND = "append"
    HAND_OVER = "hand_over"


class Severity(StrEnum):
    """How grave a finding is. Of several that block, the gravest is reported."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class PersonalKind(StrEnum):
    """Kinds of personal data that are told by their form."""

    IDENTITY_CARD = "identity_card"
    MOBILE = "mobile"
    LANDLINE = "landline"
    BANK_CARD = "bank_card"
    EMAIL = "email"
    PASSPORT = "passport"
    LICENCE_PLATE = "licence_plate"
    IPV4 = "ipv4"


@dataclass(frozen=True, slots=True)
class RuleHead:
    """What every rule has.

    stages: of the conversation, empty: all. languages: of the answer, empty: all. reason: for the
    user, by language. allow_in_evidence: wording and data that the cited evidence has may be said.
    """

    rule_id: str
    version: int
    stages: frozenset[str]
    languages: frozenset[Language]
    severity: Severity
    action: Action
    reason: Mapping[Language, str]
    allow_in_evidence: bool


@dataclass(frozen=True, slots=True)
class WordingRule:
    """Finds banned wording.

    phrases: told in every disguise. patterns: RE2, over the text as `reading.py` reads it. unless:
    RE2; a find that overlaps a match of one is innocent. deniable: a find that its own sentence
    negates, forbids or warns of is innocent. homophones: phrases also match by their sound.
    """

    head: RuleHead
    phrases: tuple[str, ...]
    patterns: tuple[str, ...]
    unless: tuple[str, ...]
    deniable: bool
    homophones: bool


@dataclass(frozen=True, slots=True)
class RequiredRule:
    """Wants one of `phrases` in every text that `when` (RE2, empty: every text) matches."""

    head: RuleHead
    phrases: tuple[str, ...]
    when: tuple[str, ...]
    append: Mapping[Language, str]


@dataclass(frozen=True, slots=True)
class PersonalRule:
    """Finds personal data of some kinds."""

    head: RuleHead
    kinds: frozenset[PersonalKind]


@dataclass(frozen=True, slots=True)
class TopicRule:
    """Finds a topic by its likeness to example sentences.

    threshold: of the margin against neutral examples, in likeness (`topics.py`). cues: RE2; where
    one matches and no aside of the set does, `cue_threshold` counts instead.
    """

    head: RuleHead
    examples: tuple[str, ...]
    counter_examples: tuple[str, ...]
    cues: tuple[str, ...]
    threshold: float
    cue_threshold: float


Rule = WordingRule | RequiredRule | PersonalRule | TopicRule


@dataclass(frozen=True, slots=True)
class Denials:
    """Words by which a sentence rejects what it mentions (RE2).

    before, after: where they stand. not_before: look like such words and are none (不仅).
    """

    before: tuple[str, ...]
    after: tuple[str, ...]
    not_before: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RuleSet:
    """All rules of a collection. neutral: example sentences that no topic is about.

    digest: of the file that they were read from, as `digest_of` gives it; empty: from none.
    asides: RE2; a sentence where one matches tells of others, warns or hedges rather than
    promises anything to the user, so that cues count for nothing in it.
    """

    version: str
    rules: tuple[Rule, ...]
    denials: Denials
    neutral: tuple[str, ...]
    digest: str = ""
    asides: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Find:
    """What a rule found: `text[start:end]` of the text it was shown; what it was, for the log."""

    rule_id: str
    version: int
    severity: Severity
    action: Action
    reason: str
    start: int
    end: int
    what: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the rules say of a text. `text` may be shown if `allowed`: masked, with what is added.

    deciding: the find that a refusal is explained by, or the gravest; None where there is none.
    """

    allowed: bool
    text: str
    finds: tuple[Find, ...]
    deciding: Find | None
