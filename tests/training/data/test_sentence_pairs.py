import json
from pathlib import Path

import pytest

from training.data.sentence_pairs import (
    SentencePair,
    TextSource,
    beginning,
    build_pairs,
    read_unseen,
)

TOPICS = ["仓库", "码头", "车站", "泵房", "机房", "食堂"]
SENTENCES = 12


def sentence(topic: str, number: int) -> str:
    return f"{topic}的第{number}条规定写明了检查的办法。"


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    path = tmp_path / "texts.jsonl"
    lines = [
        json.dumps({"text": "\n".join(sentence(topic, n) for n in range(SENTENCES))})
        for topic in TOPICS
    ]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def pairs_of(path: Path, count: int, unseen: frozenset[str] = frozenset()) -> list[SentencePair]:
    return list(build_pairs(path, TextSource(path.name, "jsonl", count), seed=3, unseen=unseen))


def place(text: str) -> tuple[str, int, int]:
    """Return topic, first and last sentence number of a half."""
    numbers = [n for n in range(SENTENCES) if f"第{n}条" in text]
    return text[:2], numbers[0], numbers[-1]


def test_pairs_are_of_the_kind_they_say(texts: Path) -> None:
    found = pairs_of(texts, 120)
    assert len(found) == 120
    for pair in found:
        (topic, _, last), (other, first, _) = place(pair.first), place(pair.second)
        if pair.kind == "adjacent":
            assert (topic, last + 1) == (other, first)
        elif pair.kind == "same_document":
            assert topic == other
            assert abs(first - (last + 1)) >= 4
        else:
            assert topic != other
        assert pair.follows == (pair.kind == "adjacent")
    kinds = [pair.kind for pair in found]
    assert {"adjacent", "same_document", "other_document"} == set(kinds)


def test_pairs_of_a_seed_are_the_same(texts: Path) -> None:
    assert pairs_of(texts, 30) == pairs_of(texts, 30)


def test_pairs_leave_out_every_document_that_is_measured_on(texts: Path, tmp_path: Path) -> None:
    folder = tmp_path / "measured"
    folder.mkdir()
    (folder / "a.ref").write_text(f"==========\n{sentence('仓库', 5)}\n", encoding="utf-8")
    entry = {"a": sentence("码头", 2), "b": "甲。" + sentence("车站", 9), "label": 1}
    (folder / "b.jsonl").write_text(json.dumps(entry, ensure_ascii=False), encoding="utf-8")
    unseen = read_unseen([folder])
    assert {beginning(sentence("仓库", 5)), beginning(sentence("车站", 9))} <= unseen
    found = pairs_of(texts, 100, unseen)
    assert {place(half)[0] for pair in found for half in (pair.first, pair.second)} == {
        "泵房",
        "机房",
        "食堂",
    }


def test_pairs_from_markdown_stay_within_sections(tmp_path: Path) -> None:
    for number, topic in enumerate(TOPICS):
        lines = [f"# {topic}", *(sentence(topic, n) for n in range(6)), "## 附则"]
        lines += [sentence(topic, n) for n in range(6, SENTENCES)]
        (tmp_path / f"{number}.md").write_text("\n\n".join(lines), encoding="utf-8")
    (tmp_path / "empty.md").write_text("", encoding="utf-8")
    source = TextSource("", "markdown", 60)
    found = list(build_pairs(tmp_path, source, seed=3))
    adjacent = [pair for pair in found if pair.follows]
    assert adjacent
    assert all(place(pair.second)[1] != 6 for pair in adjacent)
    assert not any("附则" in pair.first + pair.second for pair in found)


def test_pairs_from_squad_form_join_a_titles_paragraphs(tmp_path: Path) -> None:
    path = tmp_path / "squad.json"
    articles = [
        {
            "title": topic,
            "paragraphs": [
                {"context": "".join(sentence(topic, n) for n in range(at, at + 6)), "qas": []}
                for at in (0, 6)
            ],
        }
        for topic in TOPICS
    ]
    path.write_text(json.dumps({"data": articles}), encoding="utf-8")
    found = list(build_pairs(path, TextSource(path.name, "squad", 60), seed=3))
    assert len(found) == 60
    assert {"adjacent", "same_document", "other_document"} == {pair.kind for pair in found}
