import json
import re
from pathlib import Path

import pytest

from generation.prompt import REFUSALS
from training.data.grounded_qa import Mixture, build_samples, read_squad

TOPICS = ["仓库", "码头", "车站", "泵房", "机房", "食堂", "花房", "车库"]


def article(number: int, topic: str) -> dict:
    area, year = 3200 + 7 * number, 1950 + number
    filler = f"{topic}由专人管理，每天早晚各检查一次。管理人员须登记检查结果，并妥善保存。"
    context = f"{topic}建成于{year}年。{filler}{topic}的面积为{area}平方米。{filler}"
    answers = {f"{topic}是哪一年建成的？": f"{year}年", f"{topic}的面积是多少？": f"{area}平方米"}
    questions = [
        {
            "question": question,
            "answers": [{"text": answer, "answer_start": context.index(answer)}],
        }
        for question, answer in answers.items()
    ]
    native = {"question": f"{topic}由谁设计？", "answers": [], "is_impossible": True}
    return {
        "title": f"{topic}说明",
        "paragraphs": [{"context": context, "qas": [*questions, native]}],
    }


@pytest.fixture
def squad(tmp_path: Path) -> Path:
    path = tmp_path / "squad.json"
    data = {"version": "v2.0", "data": [article(n, topic) for n, topic in enumerate(TOPICS)]}
    path.write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
    return path


EVEN = Mixture(unanswerable=0.5)


def samples(squad: Path, seed: int = 3, **options):
    return list(build_samples(squad, "zh", 100, seed=seed, mixture=EVEN, **options))


def facts(squad: Path) -> dict[str, tuple[str, ...]]:
    return {question.text: question.answers for question in read_squad(squad)[1]}


def test_read_squad_gives_paragraphs_and_places_of_answers(squad: Path) -> None:
    paragraphs, questions = read_squad(squad)
    assert [paragraph.title for paragraph in paragraphs] == [f"{topic}说明" for topic in TOPICS]
    assert len(questions) == 3 * len(TOPICS)
    for question in questions:
        if question.start is not None:
            text = paragraphs[question.paragraph].text
            assert text[question.start :].startswith(question.answers[0])
    assert [q.text for q in questions if q.start is None] == [f"{t}由谁设计？" for t in TOPICS]


def test_read_squad_several_answers_gives_the_shortest_first(tmp_path: Path) -> None:
    answers = [{"text": "在1950年", "answer_start": 3}, {"text": "1950年", "answer_start": 4}]
    entry = {"context": "仓库建在1950年。", "qas": [{"question": "何时？", "answers": answers}]}
    path = tmp_path / "squad.json"
    path.write_text(json.dumps({"data": [{"paragraphs": [entry]}]}), encoding="utf-8")
    (question,) = read_squad(path)[1]
    assert (question.answers, question.start) == (("1950年", "在1950年"), 4)


def test_samples_answerable_hold_their_answer(squad: Path) -> None:
    answerable = [sample for sample in samples(squad) if sample.answerable]
    assert len(answerable) >= 5
    for sample in answerable:
        assert sample.response in sample.prompt
        assert sample.response in {answer for found in facts(squad).values() for answer in found}


def test_samples_refusals_never_hold_the_answer(squad: Path) -> None:
    known = facts(squad)
    refused = [sample for sample in samples(squad) if not sample.answerable]
    of_answerable = 0
    for sample in refused:
        assert sample.response == REFUSALS["zh"]
        (answers,) = [found for question, found in known.items() if question in sample.prompt]
        assert not any(answer in sample.prompt for answer in answers)
        of_answerable += bool(answers)
    assert of_answerable >= 1


def test_samples_of_unanswerable_questions_are_refusals(squad: Path) -> None:
    native = [sample for sample in samples(squad) if "由谁设计" in sample.prompt]
    assert native
    assert not any(sample.answerable for sample in native)


def test_samples_same_seed_gives_the_same_and_another_does_not(squad: Path) -> None:
    assert samples(squad) == samples(squad)
    assert samples(squad) != samples(squad, seed=4)


def test_samples_count_bounds_them(squad: Path) -> None:
    assert len(list(build_samples(squad, "zh", 5, seed=3, mixture=EVEN))) == 5


def test_samples_english_file_gives_english_prompts(tmp_path: Path) -> None:
    context = "The old mill was built in 1950. It is open daily. Its floor measures 320 m2."
    answers = [{"text": "1950", "answer_start": context.index("1950")}]
    entry = {"context": context, "qas": [{"question": "When was it built?", "answers": answers}]}
    path = tmp_path / "squad.json"
    data = {"data": [{"title": "Mill", "paragraphs": [entry]}]}
    path.write_text(json.dumps(data), encoding="utf-8")
    (sample,) = build_samples(path, "en", 9, seed=1, mixture=Mixture(unanswerable=0.0))
    assert sample.response == "1950"
    assert "Source [1] Mill" in sample.prompt


def test_samples_show_documents_as_the_service_does(squad: Path) -> None:
    for sample in samples(squad):
        assert re.search(r"资料\[1\] \S+说明\n", sample.prompt)
        assert len(sample.prompt) < 700


def test_samples_share_of_refusals_is_as_asked(tmp_path: Path) -> None:
    topics = [f"{topic}{number}号" for topic in TOPICS for number in range(12)]
    path = tmp_path / "many.json"
    data = {"data": [article(n, topic) for n, topic in enumerate(topics)]}
    path.write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")

    built = list(build_samples(path, "zh", 1000, seed=5, mixture=Mixture(unanswerable=0.3)))

    refused = [sample for sample in built if not sample.answerable]
    assert len(built) > 150
    assert 0.22 < len(refused) / len(built) < 0.38
    native = sum("由谁设计" in sample.prompt for sample in refused)
    assert 0.3 < native / len(refused) < 0.7
