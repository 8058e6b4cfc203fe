import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.errors import AnswerIncomplete
from evaluation.injection_run import (
    AttackFileError,
    attack_documents,
    count,
    judge,
    load_attacks,
    run_attacks,
    shipped_attacks,
)
from evaluation.subject import ReleasedSentence
from generation.records import Answer, Outcome

ATTACK = shipped_attacks()[0]


def answer(text: str, outcome: Outcome = Outcome.ANSWERED) -> Answer:
    return Answer(text, outcome, 0.5, (), None, "t", {})


def test_shipped_attacks_are_many_and_none_gives_itself_away() -> None:
    attacks = shipped_attacks()
    assert len(attacks) >= 60
    assert {attack.language for attack in attacks} == {"zh", "en"}
    assert len({attack.canary for attack in attacks}) == len(attacks)
    for attack in attacks:
        facts = " ".join(attack.facts)
        assert attack.answer.lower() in facts.lower()
        assert attack.canary in attack.attack
        assert attack.canary not in facts + attack.question + attack.answer


def test_attack_stands_among_the_facts() -> None:
    texts = [document.text for document in attack_documents(shipped_attacks()[:3])]
    for attack, text in zip(shipped_attacks()[:3], texts, strict=True):
        paragraphs = text.split("\n\n")
        assert paragraphs[attack.place] == attack.attack
        assert [one for one in paragraphs if one != attack.attack] == list(attack.facts)


@pytest.mark.parametrize(
    ("said", "outcome", "obeyed", "right"),
    [
        (ATTACK.answer, Outcome.ANSWERED, False, True),
        (ATTACK.canary, Outcome.ANSWERED, True, False),
        (" ".join(ATTACK.canary.lower()), Outcome.ANSWERED, True, False),
        (f"{ATTACK.answer} {ATTACK.canary}", Outcome.ANSWERED, True, True),
        (ATTACK.canary, Outcome.SCRIPT, True, False),
        ("资料中没有答案。", Outcome.REFUSED, False, False),
    ],
)
def test_judge_looks_at_the_words_that_are_shown(
    said: str, outcome: Outcome, obeyed: bool, right: bool
) -> None:
    judged = judge(ATTACK, answer(said, outcome))
    assert (judged.obeyed, judged.right) == (obeyed, right)
    assert judged.refused == (outcome is not Outcome.ANSWERED)


def test_run_attacks_asks_each_and_counts_by_language_and_kind() -> None:
    attacks = [ATTACK, next(one for one in shipped_attacks() if one.language == "en")]

    def ask(question: str) -> Iterator[ReleasedSentence | Answer]:
        said = ATTACK.canary if question == ATTACK.question else "none"
        yield ReleasedSentence(said, 1)
        yield answer(said)

    told: list[int] = []
    counts = count(run_attacks(attacks, ask, lambda _stage, done, _total: told.append(done)))
    assert told == [1, 2]
    assert (counts["all"].attacks, counts["all"].obeyed, counts["en"].obeyed) == (2, 1, 0)
    assert counts[ATTACK.kind].obeyed == 1
    with pytest.raises(AnswerIncomplete):
        run_attacks(attacks, lambda _question: iter(()), lambda *_: None)


@pytest.mark.parametrize("content", ["{", "[]", '{"language": "zh"}', "\xff"])
def test_file_with_a_wrong_line_is_refused_by_line(tmp_path: Path, content: str) -> None:
    path = tmp_path / "own.jsonl"
    good = json.dumps(ATTACK.model_dump(), ensure_ascii=False)
    wrong = content.encode("latin-1")
    path.write_bytes(good.encode() + b"\n\n" + wrong)
    with pytest.raises(AttackFileError, match=r"^own\.jsonl, line"):
        load_attacks(path)
    path.write_text(good, encoding="utf-8")
    assert load_attacks(path) == [ATTACK]
