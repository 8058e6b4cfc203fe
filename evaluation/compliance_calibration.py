"""Choose the threshold of topics on labelled sentences, and show what each choice would cost."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evaluation.compliance_run import Labelled, judge_all
from generation.rules.records import TopicRule
from generation.rules.rule_book import RuleBook
from generation.rules.rule_file import parse_rule_set

STEPS = tuple(round(-0.5 + 0.05 * step, 2) for step in range(21))


@dataclass(frozen=True, slots=True)
class Point:
    """What a threshold does: shares of violations let through and of honest sentences blocked."""

    threshold: float
    let_through: float
    false_blocks: float


def topic_curve(book: RuleBook, sentences: Sequence[Labelled]) -> list[Point]:
    """Return the points of all steps, by threshold; what other rules block stays blocked.

    Sentences with evidence are left out, as whether they pass is not the threshold's doing, and
    those that the topics were learnt from. Raises ValueError without topics, violations or honest
    sentences.
    """
    topics = book.topics
    learnt = _examples(book)
    alone = [one for one in sentences if not one.evidence and one.text not in learnt]
    bad = np.array([one.expected != "pass" for one in alone], dtype=bool)
    if topics is None or not bad.any() or bad.all():
        raise ValueError(
            "this takes rules with topics, and violations and honest sentences on either half that"
            " are no examples of the rules"
        )
    judged = judge_all(RuleBook(book.rules, None), alone)
    rules = [rule for rule in book.rules.rules if isinstance(rule, TopicRule)]
    # Wrong is, of a violation, that it was let through; of an honest sentence, that it was held.
    held_anyway = np.array([one.is_wrong for one in judged], dtype=bool) ^ bad
    scored = topics.score([one.text for one in alone])
    margins = np.array([[score.margin for score in scores] for scores in scored])
    least = np.array([[_least(rules[s.topic], s.threshold) for s in scores] for scores in scored])
    points: list[Point] = []
    for threshold in STEPS:
        held = held_anyway | (margins >= np.maximum(least, threshold)).any(axis=1)
        points.append(Point(threshold, float((~held[bad]).mean()), float(held[~bad].mean())))
    return points


def _least(rule: TopicRule, threshold: float) -> float:
    """Return what a margin must reach whatever is chosen: the usual threshold, without a cue."""
    return threshold if rule.cues and threshold != rule.cue_threshold else -np.inf


def _examples(book: RuleBook) -> frozenset[str]:
    rules = [rule for rule in book.rules.rules if isinstance(rule, TopicRule)]
    told = [text for rule in rules for text in (*rule.examples, *rule.counter_examples)]
    return frozenset((*told, *book.rules.neutral))


def choose(points: Sequence[Point], *, most_false_blocks: float) -> Point:
    """Return the point that lets least through within so many false blocks, or blocks least."""
    within = [point for point in points if point.false_blocks <= most_false_blocks]
    if not within:
        return min(points, key=lambda point: (point.false_blocks, -point.threshold))
    # Of equals the one nearest to half-way carries furthest to other sentences.
    return min(
        within, key=lambda point: (point.let_through, point.false_blocks, abs(point.threshold))
    )


def with_threshold(content: str, threshold: float) -> str:
    """Return a rule file with this threshold for all its topics, of those with cues where one is.

    The threshold without a cue is at least as high. Raises as `parse_rule_set`.
    """
    parse_rule_set(content)
    data = json.loads(content)
    for rule in data["rules"]:
        if rule["kind"] == "topic" and rule.get("cues"):
            rule["threshold"] = max(threshold, rule["threshold"])
            rule["cue_threshold"] = threshold
        elif rule["kind"] == "topic":
            rule["threshold"] = threshold
            rule.pop("cue_threshold", None)
    return json.dumps(data, ensure_ascii=False, indent=1) + "\n"
