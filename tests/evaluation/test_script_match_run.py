import hashlib
import json
from collections import Counter
from pathlib import Path

import pytest

from app.script_files import read_scripts
from app.script_import import starter_file
from evaluation.compliance_run import LabelledFileError, Part
from evaluation.script_match_run import (
    ScriptSentence,
    find_all,
    library_of,
    load_sentences,
    shipped_sentences,
    table_rows,
)
from generation.policy import Policy
from ingestion.store.scripts import ApprovalState, ScriptDraft
from tests.generation.script_fakes import GramEncoder

PAY = ScriptDraft(
    "付款可以用银行卡或者微信。", "zh", "inquiry", state=ApprovalState.APPROVED, script_id="pay"
)


def sentence(text: str, kind: str, script_id: str = "") -> ScriptSentence:
    return ScriptSentence.model_validate(
        {"text": text, "language": "zh", "kind": kind, "script_id": script_id}
    )


def test_shipped_sentences_cover_the_starter_set_and_are_divided_by_their_hash() -> None:
    drafts, _, _ = read_scripts(starter_file(), "starter.json")
    scripts = {one.script_id: one for one in drafts}
    own = {text for one in drafts for text in (one.text, *one.variants)}
    fit, held = shipped_sentences(Part.FIT), shipped_sentences(Part.HELD_OUT)
    for half, odd in ((fit, 1), (held, 0)):
        assert {hashlib.sha256(s.text.encode()).digest()[0] % 2 for s in half} == {odd}
    every = [*fit, *held]
    assert len({one.text for one in every}) == len(every)
    assert not own & {one.text for one in every}
    for one in every:
        assert not one.script_id or scripts[one.script_id].language == one.language
    said = Counter(one.script_id for one in every if one.kind == "paraphrase")
    assert len(said) == 68
    assert min(said.values()) >= 4
    assert all(said[one.script_id] for one in every if one.script_id)
    for language in ("zh", "en"):
        assert sum(s.kind == "unrelated" and s.language == language for s in every) >= 150


def test_starter_set_is_alike_in_both_languages_and_each_wording_belongs_to_one_script() -> None:
    drafts, errors, _ = read_scripts(starter_file(), "starter.json")
    assert not errors
    wordings = Counter(text for one in drafts for text in (one.text, *one.variants))
    assert max(wordings.values()) == 1
    matched = [one for one in drafts if one.variants]
    assert min(len(one.variants) for one in matched) >= 4
    for name in ("stage", "tags"):
        chinese, english = (
            Counter(str(getattr(one, name)) for one in drafts if one.language == language)
            for language in ("zh", "en")
        )
        assert chinese == english


def test_shipped_sentences_fresh_are_none() -> None:
    with pytest.raises(LabelledFileError, match="scripts_fresh"):
        shipped_sentences(Part.FRESH)


@pytest.mark.parametrize(
    "line",
    [
        '{"text": "a", "language": "zh", "kind": "unrelated", "script_id": "x"}',
        '{"text": "a", "language": "zh", "kind": "paraphrase"}',
        '{"text": "a", "language": "fr", "kind": "unrelated"}',
        "{",
    ],
)
def test_load_sentences_wrong_line_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "own.jsonl"
    right = {"text": "b", "language": "en", "kind": "unrelated"}
    path.write_text(f"{json.dumps(right)}\n{line}\n", encoding="utf-8")
    with pytest.raises(LabelledFileError, match=r"own\.jsonl, line 2"):
        load_sentences(path)


def test_load_sentences_not_utf8_says_so(tmp_path: Path) -> None:
    path = tmp_path / "own.jsonl"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(LabelledFileError, match="UTF-8"):
        load_sentences(path)


def test_table_counts_right_and_matched_apart() -> None:
    sentences = [
        sentence("付款可以用银行卡或者微信！", "paraphrase", "pay"),
        sentence("恒星的颜色各不相同", "paraphrase", "pay"),
        sentence("付款不可以用银行卡或者微信。", "near_miss", "pay"),
        sentence("今天下雨", "unrelated"),
    ]
    with library_of([PAY], GramEncoder()) as library:
        found = find_all(library, sentences, [PAY])
    assert [one.stage for one in found] == ["inquiry", "inquiry", "inquiry", ""]
    rows = {row[0]: row[1:] for row in table_rows(found, Policy(threshold=0.5))}
    assert rows["paraphrase"][0] == "2"
    assert rows["paraphrase"][1].startswith("2 = 100.0 %")
    assert rows["paraphrase zh"][2].startswith("1 = 50.0 %")
    assert rows["near_miss"][3].startswith("0 = 0.0 %")
    assert rows["unrelated"][1:3] == ["–", "–"]
    strictest = table_rows(found, Policy(threshold=0.0, thresholds={"inquiry": 1.0}))
    assert strictest[0][4].startswith("1 =")


def test_library_without_scripts_finds_nothing() -> None:
    with library_of([], GramEncoder()) as library:
        (found,) = find_all(library, [sentence("今天下雨", "unrelated")])
    assert (found.matches, found.score, found.right_first) == ((), 0.0, False)
