import json
from pathlib import Path

import pytest

from training.data.reading import PASSAGES, build_readings

TOPICS = ["仓库", "码头", "车站", "泵房", "机房", "食堂", "花房", "车库"]


def article(number: int, topic: str) -> dict:
    year = 1950 + number
    context = f"{topic}在{year}年前是一座{topic}。{topic}建成于{year}年。管理人员须登记检查结果。"
    known = {
        "question": f"{topic}是哪一年建成的？",
        "answers": [{"text": f"{year}年", "answer_start": context.rindex(f"{year}年")}],
    }
    unknown = {"question": f"{topic}由谁设计？", "answers": [], "is_impossible": True}
    return {"title": topic, "paragraphs": [{"context": context, "qas": [known, unknown]}]}


@pytest.fixture
def squad(tmp_path: Path) -> Path:
    path = tmp_path / "squad.json"
    data = {"data": [article(n, topic) for n, topic in enumerate(TOPICS)]}
    path.write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
    return path


def test_readings_point_at_the_place_the_question_was_written_for(squad: Path) -> None:
    known = [r for r in build_readings(squad, "zh", 50, seed=1) if r.span is not None]
    assert len(known) >= 5
    for reading in known:
        assert reading.span is not None
        passage, start, end = reading.span
        text = reading.passages[passage]
        assert text[start - 3 : end].startswith("建成于19")  # not the year's first mention
        assert len(reading.passages) == PASSAGES


def test_readings_mostly_show_titles(squad: Path) -> None:
    readings = [r for seed in range(20) for r in build_readings(squad, "zh", 50, seed=seed)]
    # These chunks begin with their heading, so a title line above it says the same once more.
    titled = [{text[:3] == text[3:6] for text in reading.passages} for reading in readings]
    assert all(len(alike) == 1 for alike in titled)
    assert 0.7 < titled.count({True}) / len(titled) < 0.9


def test_readings_without_an_answer_show_none(squad: Path) -> None:
    readings = list(build_readings(squad, "zh", 50, seed=1, unanswerable=0.6))
    lacking = [reading for reading in readings if reading.span is None]
    assert any("哪一年" in reading.question for reading in lacking)
    assert any("由谁设计" in reading.question for reading in lacking)
    for reading in lacking:
        if "哪一年" in reading.question:
            number = TOPICS.index(reading.question[:2])
            assert not any(f"{1950 + number}年" in text for text in reading.passages)


def test_readings_of_one_seed_are_the_same(squad: Path) -> None:
    first = list(build_readings(squad, "zh", 50, seed=1))
    assert first == list(build_readings(squad, "zh", 50, seed=1))
    assert first != list(build_readings(squad, "zh", 50, seed=2))


def test_readings_with_near_misses_seem_to_have_an_answer(squad: Path) -> None:
    readings = list(build_readings(squad, "zh", 50, seed=1, unanswerable=0.0, near_misses=1.0))
    assert readings
    assert all(reading.span is None for reading in readings)
    for reading in readings:
        if "由谁设计" in reading.question:  # written for this very paragraph
            assert any(f"{reading.question[:2]}建成于" in text for text in reading.passages)
    asked = {reading.question for reading in readings if "哪一年" in reading.question}
    assert asked
    # Another building is asked for, of which no passage says when it was built.
    for reading in readings:
        if "哪一年" in reading.question:
            assert not any(f"{reading.question[:2]}建成于" in text for text in reading.passages)
