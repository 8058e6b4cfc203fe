import json
from pathlib import Path

import pytest

from tests.training.data.test_reading import TOPICS, squad
from training.data.ranking import NEGATIVES, RankingSource, build_rankings

__all__ = ["squad"]  # a fixture


@pytest.fixture
def judged(tmp_path: Path) -> Path:
    """Twenty statutes, ten questions, each with two right ones."""
    corpus = [
        {
            "id": f"d{n}",
            "title": f"办法第{n}条",
            "text": f"第{n}类事项由第{n}科室办理，期限为{n}日。",
        }
        for n in range(20)
    ]
    queries = [{"id": f"q{n}", "text": f"第{n}类事项归谁办理？"} for n in range(10)]
    rows = [f"q{n}\td{other}\t1" for n in range(10) for other in (n, n + 10)]
    write_lines(tmp_path / "corpus.jsonl", corpus)
    folder = tmp_path / "train"
    folder.mkdir()
    write_lines(folder / "queries.jsonl", [*queries, {"id": "unjudged", "text": "谁？"}])
    (folder / "qrels.tsv").write_text("\n".join(["query-id\tcorpus-id\tscore", *rows]) + "\n")
    return folder


def write_lines(path: Path, entries: list[dict[str, str]]) -> None:
    path.write_text("\n".join(json.dumps(one) for one in entries) + "\n")


def source(form: str, **changed) -> RankingSource:
    return RankingSource(**{"file": "x", "form": form, "language": "zh", "count": 99, **changed})


def test_rankings_of_squad_show_the_place_and_lack_the_answer_elsewhere(squad: Path) -> None:
    rankings = list(build_rankings(squad, source("squad"), seed=1))
    assert len(rankings) == len(TOPICS)
    for ranking in rankings:
        year = f"{1950 + TOPICS.index(ranking.question[:2])}年"
        assert f"建成于{year}" in ranking.right
        assert ranking.right.startswith(ranking.question[:2])  # its title line
        assert 0 < len(ranking.wrong) <= NEGATIVES
        assert not any(year in text for text in ranking.wrong)


def test_rankings_of_judgements_are_right_and_leave_the_first_out(judged: Path) -> None:
    rankings = list(build_rankings(judged, source("judged", skip=4, passes=3), seed=1))
    assert {one.question for one in rankings} == {f"第{n}类事项归谁办理？" for n in range(4, 10)}
    assert len(rankings) == 18
    for ranking in rankings:
        number = int(ranking.question[1])
        right = {
            f"办法第{n}条\n第{n}类事项由第{n}科室办理，期限为{n}日。" for n in (number, number + 10)
        }
        assert ranking.right in right
        assert len(ranking.wrong) == NEGATIVES
        assert not right & set(ranking.wrong)
    assert len({one.right for one in rankings if one.question[1] == "7"}) == 2


def test_rankings_of_judgements_take_an_encoders_neighbours_too(judged: Path) -> None:
    def neighbours(passages, questions, k):
        # The last ones, which no question has a word of.
        return [[19, 18, 17, 16, 15, 14, 13, 12, 11, 10][:k] for _ in questions]

    (ranking,) = build_rankings(judged, source("judged", count=1), seed=1, neighbours=neighbours)
    assert sum("第1" in text[:4] for text in ranking.wrong) >= 3


def test_rankings_of_texts_ask_for_a_fact_of_the_passage(tmp_path: Path) -> None:
    path = tmp_path / "news.jsonl"
    write_lines(
        path,
        [
            {
                "text": "前言不提。" * 60
                + f"该市第{n}批安置房项目总投资约{n}00万元且已全部开工建设。"
                + "后话。" * 80
            }
            for n in range(1, 13)
        ],
    )
    rankings = list(build_rankings(path, source("texts"), seed=1))
    assert len(rankings) == 12
    for ranking in rankings:
        assert "多少" in ranking.question
        assert "总投资约" in ranking.right
        assert len(ranking.right) <= 420
        assert ranking.right not in ranking.wrong


def test_rankings_of_one_seed_are_the_same(judged: Path) -> None:
    wanted = source("judged", passes=2)
    assert list(build_rankings(judged, wanted, seed=3)) == list(
        build_rankings(judged, wanted, seed=3)
    )
