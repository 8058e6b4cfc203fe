import json
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from evaluation.compliance_calibration import STEPS, Point, choose, topic_curve, with_threshold
from evaluation.compliance_run import Labelled
from generation.rules.records import TopicRule
from generation.rules.rule_book import RuleBook
from generation.rules.rule_file import RuleSetError, default_rules_json, parse_rule_set

RULES = json.dumps(
    {
        "version": "1",
        "neutral": ["a day", "a night", "a year"],
        "rules": [
            {
                "id": "t",
                "kind": "topic",
                "reason": {"zh": "原因", "en": "reason"},
                "examples": ["a pill", "two pills", "my pill"],
                "threshold": 0.4,
                "cue_threshold": 0.1,
            },
            {
                "id": "w",
                "kind": "wording",
                "reason": {"zh": "原因", "en": "reason"},
                "phrases": ["forbidden"],
            },
        ],
    }
)


class ByWord:
    dimension = 2

    def embed_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.array([[1, 0] if "pill" in text else [0, 1] for text in texts], np.float32)


def labelled(text: str, expected: str) -> Labelled:
    kind = "compliant" if expected == "pass" else "violation"
    return Labelled.model_validate(
        {"text": text, "language": "en", "kind": kind, "category": "c", "expected": expected}
    )


def test_curve_counts_what_each_threshold_holds_back() -> None:
    book = RuleBook(parse_rule_set(RULES), ByWord())
    points = topic_curve(
        book,
        [
            labelled("a pill now", "block"),
            labelled("forbidden", "block"),
            labelled("nothing at all", "block"),
            labelled("a bus", "pass"),
            labelled("the pill box", "pass"),
            labelled("my pill", "pass"),  # an example of the topic: it would prove nothing
        ],
    )
    assert [point.threshold for point in points] == list(STEPS)
    middle = next(point for point in points if point.threshold == 0.0)
    assert middle.let_through == pytest.approx(1 / 3)
    assert middle.false_blocks == 0.5
    assert [p.let_through for p in points] == sorted(p.let_through for p in points)


def test_curve_without_topics_or_sides_raises() -> None:
    with pytest.raises(ValueError, match="topics"):
        topic_curve(RuleBook(parse_rule_set(RULES), None), [labelled("a", "block")])
    with pytest.raises(ValueError, match="honest"):
        topic_curve(RuleBook(parse_rule_set(RULES), ByWord()), [labelled("a", "block")])


def test_choose_takes_what_lets_least_through_within_the_limit() -> None:
    points = [Point(0.0, 0.01, 0.2), Point(0.1, 0.02, 0.04), Point(0.2, 0.1, 0.0)]
    assert choose(points, most_false_blocks=0.05).threshold == 0.1
    assert choose(points, most_false_blocks=1).threshold == 0.0
    assert choose(points[:1], most_false_blocks=0.05).threshold == 0.0
    alike = [Point(-0.5, 0.0, 0.0), Point(0.05, 0.0, 0.0), Point(0.5, 0.0, 0.0)]
    assert choose(alike, most_false_blocks=0.05).threshold == 0.05


def test_with_threshold_changes_topics_only() -> None:
    changed = parse_rule_set(with_threshold(RULES, 0.25))
    topic, wording = changed.rules
    assert isinstance(topic, TopicRule)
    assert (topic.threshold, topic.cue_threshold) == (0.25, 0.25)
    assert wording == parse_rule_set(RULES).rules[1]
    assert parse_rule_set(with_threshold(default_rules_json(), 0.1)).version
    with pytest.raises(RuleSetError):
        with_threshold("{}", 0.1)


def test_threshold_of_a_topic_with_cues_counts_where_a_cue_is() -> None:
    data = json.loads(RULES)
    data["rules"][0] |= {"cues": ["pill"], "threshold": 2.0, "cue_threshold": 0.1}
    data["asides"] = ["he says"]
    content = json.dumps(data)
    sentences = [
        labelled("a pill now", "block"),
        labelled("the pill, he says", "block"),
        labelled("a bus", "pass"),
    ]
    points = topic_curve(RuleBook(parse_rule_set(content), ByWord()), sentences)
    assert next(p for p in points if p.threshold == 0.0).let_through == 0.5
    topic = parse_rule_set(with_threshold(content, 0.25)).rules[0]
    assert isinstance(topic, TopicRule)
    assert (topic.threshold, topic.cue_threshold) == (2.0, 0.25)
