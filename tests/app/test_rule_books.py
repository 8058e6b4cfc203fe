import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from app.rule_books import RuleBooks, open_rule_books, rule_compiler, service_rules
from generation.rules.rule_book import RuleBook
from generation.rules.rule_file import RuleSetError, parse_rule_set
from ingestion.store.catalog import Catalog
from ingestion.store.rule_sets import RuleSets

REASON = {"zh": "原因", "en": "reason"}


def rules(phrase: str) -> str:
    rule = {"id": "own", "kind": "wording", "reason": REASON, "phrases": [phrase]}
    return json.dumps({"version": "1", "rules": [rule]})


def compiled(content: str) -> RuleBook:
    return RuleBook(parse_rule_set(content), None)


def books_over(stored: RuleSets) -> RuleBooks:
    return RuleBooks(stored, compiled(rules("甲乙")), compiled, rules("甲乙"))


def is_blocked(books: RuleBooks, collection: str, text: str) -> bool:
    return not books.of(collection).judge(text, evidence=(), language="zh").allowed


def test_books_put_are_seen_at_once_and_elsewhere_soon(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalog = Catalog(tmp_path / "catalog.sqlite")
    here, there = books_over(catalog.rule_sets), books_over(catalog.rule_sets)
    assert is_blocked(here, "a", "甲乙")
    assert is_blocked(there, "a", "甲乙")
    assert here.put("a", rules("丙丁"), "li")[0] == 1
    assert is_blocked(here, "a", "丙丁")
    assert not is_blocked(here, "a", "甲乙")
    assert is_blocked(here, "b", "甲乙")
    assert is_blocked(here, "", "甲乙")
    monkeypatch.setattr("app.rule_books.FOLLOW_SECONDS", 0.0)
    assert is_blocked(there, "a", "丙丁")
    catalog.close()


def test_books_put_wrong_leave_what_was(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path / "catalog.sqlite")
    books = books_over(catalog.rule_sets)
    books.put("a", rules("丙丁"), "")
    with pytest.raises(RuleSetError):
        books.put("a", "{}", "")
    assert books.content("a") == (1, rules("丙丁"))
    assert books.content("b") == (0, rules("甲乙"))
    assert is_blocked(books, "a", "丙丁")
    catalog.close()


class Counting:
    dimension = 2

    def __init__(self) -> None:
        self.asked = 0

    def embed_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.asked += len(texts)
        return np.array([[1, 0] if "pill" in text else [0, 1] for text in texts], np.float32)


def test_compiler_keeps_vectors_for_the_next_start(tmp_path: Path) -> None:
    topic = {
        "id": "t",
        "kind": "topic",
        "reason": REASON,
        "examples": ["a pill", "two pills", "my pill"],
        "threshold": 0.0,
    }
    content = json.dumps({"version": "1", "neutral": ["a", "b", "c"], "rules": [topic]})
    vectors = tmp_path / "vectors.npz"
    first, second = Counting(), Counting()
    rule_compiler(first, "e5", vectors)(content)
    book = rule_compiler(second, "e5", vectors)(content)
    assert (first.asked, second.asked) == (6, 0)
    assert not book.judge("the pill", evidence=(), language="en").allowed
    rule_compiler(first, "e5", tmp_path / "missing" / "vectors.npz")(content)


def test_open_rule_books_reads_the_services_file(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path / "catalog.sqlite")
    path = tmp_path / "rules.json"
    path.write_text(rules("丙丁"), encoding="utf-8")
    books = open_rule_books(catalog.rule_sets, path, compiled)
    assert is_blocked(books, "a", "丙丁")
    assert service_rules(path) == rules("丙丁")
    assert open_rule_books(catalog.rule_sets, None, compiled).content("a")[0] == 0
    catalog.close()
