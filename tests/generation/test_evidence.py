from collections.abc import Sequence

import numpy as np
import pytest

from generation.evidence import NO_SUPPORT, AnswerPlace, Support, answer_at, read_evidence
from models.span_logits import SpanLogits

FIRST = "大厅在一楼。钟在北塔。"
SECOND = "北塔建于一九二〇年。"


class CharacterReader:
    """Finds a phrase: its first and last character have high logits. One token a character."""

    def __init__(self, phrase: str, none: Sequence[float], *, reach: int = 99) -> None:
        self._phrase = phrase
        self._none = none
        self._reach = reach

    def read(self, question: str, passages: Sequence[str]) -> list[SpanLogits]:
        return [self._one(text, none) for text, none in zip(passages, self._none, strict=True)]

    def _one(self, text: str, none: float) -> SpanLogits:
        seen = text[: self._reach]
        start = np.full(len(seen), -5.0, dtype=np.float32)
        end = start.copy()
        at = seen.find(self._phrase)
        if at >= 0:
            start[at], end[at + len(self._phrase) - 1] = 4.0, 3.0
        offsets = np.array([[i, i + 1] for i in range(len(seen))], dtype=np.int64).reshape(-1, 2)
        return SpanLogits(offsets, start, end, none)


@pytest.fixture
def read_support(make_passage):
    def read(question: str, texts: Sequence[str], reader: CharacterReader) -> Support:
        passages = [make_passage(text, title="") for text in texts]
        return read_evidence(question, passages, reader).support

    return read


def test_read_support_is_highest_where_the_answer_stands(read_support) -> None:
    support = read_support("钟在哪里？", [FIRST, SECOND], CharacterReader("北塔。", [1.0, 2.0]))
    # 4 + 3 less the highest "nowhere" of the passages.
    assert support == ((-12.0, 5.0), (-12.0,))


def test_read_support_span_never_runs_backwards_or_over_a_sentences_end(read_support) -> None:
    class Backwards(CharacterReader):
        def _one(self, text: str, none: float) -> SpanLogits:
            logits = super()._one(text, none)
            return SpanLogits(logits.offsets, logits.end, logits.start, none)

    ((_, turned),) = read_support("问？", [FIRST], Backwards("北塔", [0.0]))
    assert turned == pytest.approx(-1.0)  # one end of the two, never both
    ((left, right),) = read_support("问？", [FIRST], CharacterReader("楼。钟", [0.0]))
    assert (left, right) == (pytest.approx(-1.0), pytest.approx(-2.0))


def test_read_support_beyond_the_readers_window_is_none(read_support) -> None:
    (support,) = read_support("问？", [FIRST], CharacterReader("大厅", [0.0], reach=6))
    assert support[1] == NO_SUPPORT


def test_read_support_without_passages_or_sentences_is_empty(read_support) -> None:
    assert read_support("问？", [], CharacterReader("钟", [])) == ()
    assert read_support("问？", ["", FIRST], CharacterReader("钟", [0.0, 0.0]))[0] == ()


def test_read_evidence_place_is_the_likeliest_span_of_all_passages(make_passage) -> None:
    reader = CharacterReader("北塔", [1.0, 2.0])
    passages = [make_passage(FIRST), make_passage(SECOND, number=2)]
    place = read_evidence("钟在哪里？", passages, reader).place
    assert place == AnswerPlace(0, 8, 10, 5.0)
    assert FIRST[place.start : place.end] == "北塔"


def test_read_evidence_without_a_token_has_no_place(make_passage) -> None:
    empty = [make_passage(""), make_passage("\n", number=2)]
    assert read_evidence("问？", [], CharacterReader("钟", [])).place is None
    assert read_evidence("问？", empty, CharacterReader("钟", [0.0, 0.0])).place is None


def test_read_evidence_shows_the_reader_titles_but_finds_nothing_in_them(make_passage) -> None:
    class Keeps(CharacterReader):
        seen: Sequence[str] = ()

        def read(self, question: str, passages: Sequence[str]) -> list[SpanLogits]:
            self.seen = passages
            return super().read(question, passages)

    reader = Keeps("北塔", [0.0])
    place = read_evidence("问？", [make_passage(FIRST, title="北塔志")], reader).place
    assert reader.seen == ["北塔志\n" + FIRST]
    assert place is not None
    assert place.odds < 0  # the phrase's logits are at its first place, in the title


def test_read_evidence_place_never_reaches_over_a_paragraph(make_passage) -> None:
    passage = make_passage("甲乙。\n丙丁。", title="")
    place = read_evidence("问？", [passage], CharacterReader("乙。\n丙", [0.0])).place
    assert place is not None
    assert "\n" not in passage.text[place.start : place.end]


@pytest.mark.parametrize(
    ("span", "text", "quote"),
    [
        ((8, 10), "北塔", "钟在北塔。"),
        ((3, 5), "一楼", "大厅在一楼。"),
        ((3, 8), "一楼。钟在", FIRST),
        ((6, 11), "钟在北塔。", "钟在北塔。"),
    ],
)
def test_answer_at_quotes_the_sentences_around_it(
    make_passage, span: tuple[int, int], text: str, quote: str
) -> None:
    passages = [make_passage("别的。"), make_passage(FIRST, number=2)]
    answer = answer_at(AnswerPlace(1, *span, 1.0), passages)
    assert answer is not None
    assert answer.text == text
    (cited,) = answer.spans
    assert (cited.chunk_id, cited.quote) == ("chunk-2", quote)
    assert FIRST[cited.start - 1000 : cited.end - 1000] == quote


def test_answer_at_white_space_or_punctuation_is_none(make_passage) -> None:
    passages = [make_passage("大厅。 （……）")]
    assert answer_at(AnswerPlace(0, 3, 4, 1.0), passages) is None
    assert answer_at(AnswerPlace(0, 4, 8, 1.0), passages) is None


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("17 kilogram", "17 kilograms"),
        ("7,45", "17,455.5"),
        ("library is well", "library is well-kept"),
        ("19年", "2019年"),
        ("kilograms", "kilograms"),
        ("六个", "六个月"),
        ("三十", "三十日"),
        ("1个", "1个年度"),
        ("二", "二"),
    ],
)
def test_answer_at_shows_words_and_numbers_whole(make_passage, said: str, shown: str) -> None:
    text = (
        "The library is well-kept. It weighs 17 kilograms, or 17,455.5 in 2019年以前。"
        "第二审试用六个月，三十日内，跨1个年度。"
    )
    start = text.index(said)
    place = AnswerPlace(0, start, start + len(said), 1.0)
    answer = answer_at(place, [make_passage(text)])
    assert answer is not None
    assert answer.text == shown
