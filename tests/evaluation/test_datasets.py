"""Reading, choosing from and thinning out datasets."""

import json
from pathlib import Path

import pytest

from evaluation.datasets import (
    CorpusDocument,
    DatasetError,
    SelectionError,
    choose_questions,
    fingerprint,
    leave_out,
    load_dataset,
)


def _append(path: Path, line: str) -> None:
    path.write_bytes(path.read_bytes() + line.encode("utf-8", "surrogateescape") + b"\n")


def test_load_dataset_whole_folder_is_read(dataset_folder: Path) -> None:
    dataset = load_dataset(dataset_folder, with_answers=True)
    assert dataset.name == "zoo/dev"
    assert len(dataset.documents) == 30
    assert dataset.documents[0] == CorpusDocument("d0", "鲸鱼", "鲸鱼住在北海里。")
    assert dataset.documents[0].full_text == "鲸鱼\n鲸鱼住在北海里。"
    assert dataset.documents[-1].full_text == "第19号房间是空的。"
    assert dataset.questions[0].answers == ("北海",)
    assert dataset.relevant("q1-2") == {"d1"}


def test_load_dataset_corpus_one_level_up_is_found(dataset_folder: Path) -> None:
    (dataset_folder / "corpus.jsonl").rename(dataset_folder.parent / "corpus.jsonl")
    assert len(load_dataset(dataset_folder, with_answers=True).documents) == 30


def test_load_dataset_line_separator_inside_a_string_is_kept(dataset_folder: Path) -> None:
    _append(dataset_folder / "corpus.jsonl", '{"id": "u", "text": "a\u2028b"}\r')
    assert load_dataset(dataset_folder, with_answers=True).documents[-1].text == "a\u2028b"


@pytest.mark.parametrize(
    ("file", "line", "message"),
    [
        ("corpus.jsonl", "{", "corpus.jsonl, line 31: not JSON"),
        ("corpus.jsonl", "[1]", "line 31: not a JSON object"),
        ("corpus.jsonl", '{"id": "d0", "text": "x"}', "line 31: `id` 'd0' appears twice"),
        ("corpus.jsonl", '{"id": "a b", "text": "x"}', "line 31: `id` 'a b' is empty or holds"),
        ("corpus.jsonl", '{"id": "", "text": "x"}', "line 31: `id` '' is empty"),
        ("corpus.jsonl", '{"id": "n"}', "line 31: `text` is missing or not a string"),
        ("corpus.jsonl", '{"id": "n", "text": "\udcff"}', "line 31: not UTF-8"),
        ("queries.jsonl", '{"id": "n", "text": "x"}', "line 31: `answers` must be a list"),
        ("qrels.tsv", "q0-0\td0", "qrels.tsv, line 32: expected 3 columns parted by tabs, not 2"),
        ("qrels.tsv", "q0-0\td0\tx", "line 32: the score 'x' is not a whole number"),
        ("qrels.tsv", "q9-9\td0\t1", "line 32: question 'q9-9' is not in queries.jsonl"),
        ("qrels.tsv", "q0-0\td99\t1", "line 32: document 'd99' is not in corpus.jsonl"),
    ],
)
def test_load_dataset_malformed_line_is_named(dataset_folder, file, line, message) -> None:
    _append(dataset_folder / file, line)
    with pytest.raises(DatasetError) as caught:
        load_dataset(dataset_folder, with_answers=True)
    assert message in str(caught.value)


def test_load_dataset_blank_lines_count_but_are_no_rows(dataset_folder: Path) -> None:
    _append(dataset_folder / "corpus.jsonl", "\n{")
    with pytest.raises(DatasetError, match="line 32"):
        load_dataset(dataset_folder, with_answers=True)


def test_load_dataset_missing_parts_are_named(dataset_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no such folder"):
        load_dataset(tmp_path / "nowhere", with_answers=True)
    (dataset_folder / "qrels.tsv").write_text("q\td\ts\n", encoding="utf-8")
    with pytest.raises(DatasetError, match="line 1: the header must be query-id"):
        load_dataset(dataset_folder, with_answers=True)
    (dataset_folder / "corpus.jsonl").write_text("", encoding="utf-8")
    with pytest.raises(DatasetError, match="no documents"):
        load_dataset(dataset_folder, with_answers=True)
    (dataset_folder / "corpus.jsonl").unlink()
    with pytest.raises(DatasetError, match="No such file"):
        load_dataset(dataset_folder, with_answers=True)


@pytest.mark.parametrize(
    ("line", "note"),
    [
        ('{"id": "n", "text": " ", "answers": ["x"]}', "line 31: `text` is empty"),
        ('{"id": "n", "text": "x", "answers": ["y", NaN]}', "line 31: `answers` holds what is no"),
        ('{"id": "n", "text": "x", "answers": [""]}', "line 31: `answers` holds what is no text"),
    ],
)
def test_load_dataset_unusable_question_is_named_and_left_out(dataset_folder, line, note) -> None:
    _append(dataset_folder / "queries.jsonl", line)
    _append(dataset_folder / "qrels.tsv", "n\td0\t1")
    dataset = load_dataset(dataset_folder, with_answers=True)
    assert len(dataset.questions) == 30
    [unusable] = dataset.unusable
    assert note in unusable


def test_load_dataset_without_answers_ignores_what_they_hold(dataset_folder: Path) -> None:
    _append(dataset_folder / "queries.jsonl", '{"id": "n", "text": "x", "answers": [NaN]}')
    dataset = load_dataset(dataset_folder, with_answers=False)
    assert dataset.questions[-1].answers == ()


def test_choose_questions_limit_then_sample_keeps_order(dataset_folder: Path) -> None:
    dataset = load_dataset(dataset_folder, with_answers=True)
    first = choose_questions(dataset, limit=10, sample=None, seed=1)
    assert first.questions == dataset.questions[:10]
    drawn = choose_questions(dataset, limit=20, sample=6, seed=1).questions
    assert drawn == choose_questions(dataset, limit=20, sample=6, seed=1).questions
    assert drawn != choose_questions(dataset, limit=20, sample=6, seed=2).questions
    assert len(drawn) == 6
    places = [dataset.questions.index(question) for question in drawn]
    assert places == sorted(places)
    assert max(places) < 20
    with pytest.raises(SelectionError):
        choose_questions(dataset, limit=0, sample=None, seed=1)


@pytest.mark.parametrize("count", [0, 1, 3, 7, 30])
def test_leave_out_exactly_that_many_lose_all_their_evidence(dataset_folder, count) -> None:
    dataset = load_dataset(dataset_folder, with_answers=True)
    left = leave_out(dataset, count, seed=4)
    kept = {document.id for document in left.documents}
    emptied = [question for question in left.questions if not question.answers]
    assert len(emptied) == count
    assert all(dataset.relevant(question.id).isdisjoint(kept) for question in emptied)
    others = [question for question in left.questions if question.answers]
    assert all(dataset.relevant(question.id) <= kept for question in others)
    assert len(left.questions) + left.set_aside == 30
    assert left.set_aside == -count % 3
    assert left == leave_out(dataset, count, seed=4)


def test_leave_out_question_that_loses_part_of_its_evidence_is_set_aside(tmp_path: Path) -> None:
    (tmp_path / "corpus.jsonl").write_text(
        "".join(json.dumps({"id": n, "text": n}) + "\n" for n in ("a", "b")), encoding="utf-8"
    )
    rows = [{"id": n, "text": n, "answers": ["x"]} for n in ("one", "both")]
    (tmp_path / "queries.jsonl").write_text(
        "".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8"
    )
    (tmp_path / "qrels.tsv").write_text(
        "query-id\tcorpus-id\tscore\none\ta\t1\nboth\ta\t1\nboth\tb\t1\n", encoding="utf-8"
    )
    dataset = load_dataset(tmp_path, with_answers=True)
    seen = {
        tuple((question.id, question.answers) for question in left.questions)
        for left in (leave_out(dataset, 1, seed=seed) for seed in range(8))
    }
    # Either "one" is refused and "both" set aside, or the draw of "both" takes a and b with it.
    assert (("one", ()),) in seen
    assert all(("both", ("x",)) not in questions for questions in seen)


def test_leave_out_more_than_there_are_is_refused(dataset_folder: Path) -> None:
    dataset = load_dataset(dataset_folder, with_answers=True)
    with pytest.raises(SelectionError, match="31 of 30"):
        leave_out(dataset, 31, seed=1)


def test_fingerprint_changes_with_any_field_and_its_borders() -> None:
    base = CorpusDocument("1", "ab", "c")
    others = [
        CorpusDocument("2", "ab", "c"),
        CorpusDocument("1", "a", "bc"),
        CorpusDocument("1", "ab", "d"),
    ]
    assert len({fingerprint([document]) for document in [base, *others]}) == 4
