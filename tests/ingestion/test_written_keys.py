import threading
from collections.abc import Callable

import pytest

from ingestion.errors import KeysNotWritten
from ingestion.records import (
    Chunk,
    Document,
    KeyEntry,
    KeyKind,
    Sentence,
    WrittenKeys,
)
from ingestion.written_keys import add_written, ask_writer, with_shortfall

FIRST, SECOND = "粮食仓库每年\n检查一次。", "检查记录 保存五年。"
TEXT = f"题\n{FIRST}{SECOND}"
DOCUMENT = Document("题", TEXT, (), "zh", "text/plain", None, ("旧。",))
CHUNK = Chunk(0, 2, len(TEXT), None, (), TEXT[2:])
SENTENCES = [Sentence(2, 2 + len(FIRST), None), Sentence(2 + len(FIRST), len(TEXT), None)]
NOTHING = WrittenKeys("", (), ())


def at(words: str, kind: KeyKind = KeyKind.KEYPHRASE) -> KeyEntry:
    start = TEXT.index(words)
    return KeyEntry(kind, words, start, start + len(words))


KEYS = (at("题", KeyKind.HEADING), at("仓库"), at("记录"), at(SECOND, KeyKind.SUMMARY))


def joined(written: WrittenKeys | None, keys: tuple[KeyEntry, ...] = KEYS) -> list[KeyEntry]:
    [made] = add_written(DOCUMENT, [CHUNK], SENTENCES, [keys], [written])
    return list(made)


def test_add_written_nothing_changes_nothing() -> None:
    assert joined(None) == joined(NOTHING) == list(KEYS)


def test_add_written_phrases_go_first_with_the_words_and_span_they_have() -> None:
    written = WrittenKeys("", (), ("每年 检查一次", "记录", "月球", "检查记录 保存", " "))

    keys = joined(written)

    assert [key.text for key in keys if key.kind is KeyKind.KEYPHRASE] == [
        "每年\n检查一次",
        "记录",
        "检查记录 保存",
        "仓库",
    ]
    assert all(TEXT[key.start : key.end] == key.text for key in keys)
    assert keys[0].kind is KeyKind.HEADING
    assert keys[-1].kind is KeyKind.SUMMARY


def test_add_written_phrase_in_other_letter_case_has_the_words_of_the_text() -> None:
    text = "The Ferry crosses."
    document = Document("", text, (), "en", "text/plain", None, ())
    chunk = Chunk(0, 0, len(text), None, (), text)

    [(key,)] = add_written(document, [chunk], [], [()], [WrittenKeys("", (), ("the ferry",))])

    assert key == KeyEntry(KeyKind.KEYPHRASE, "The Ferry", 0, 9)


def test_add_written_phrases_are_no_more_than_before() -> None:
    many = tuple(TEXT[at : at + 3] for at in range(2, 8)) + tuple(TEXT[10:16])

    keys = joined(WrittenKeys("", (), many))

    assert sum(key.kind is KeyKind.KEYPHRASE for key in keys) == 8


def test_add_written_abstract_is_about_the_chunk_and_a_question_about_its_sentence() -> None:
    written = WrittenKeys("仓库的检查。", ("记录要保存几年？", "粮食仓库多久检查？", "谁？"), ())

    *_, abstract, kept, checked, vague = joined(written)

    assert abstract == KeyEntry(KeyKind.ABSTRACT, "仓库的检查。", CHUNK.start, CHUNK.end)
    assert (kept.kind, kept.text) == (KeyKind.QUESTION, "记录要保存几年？")
    assert TEXT[kept.start : kept.end] == SECOND
    assert TEXT[checked.start : checked.end] == FIRST
    assert (vague.start, vague.end) == (CHUNK.start, CHUNK.end)


def test_with_shortfall_warns_once_with_the_number_of_chunks() -> None:
    assert with_shortfall(DOCUMENT, [NOTHING]) is DOCUMENT
    old, new = with_shortfall(DOCUMENT, [NOTHING, None, None]).warnings
    assert old == "旧。"
    assert "2 of 3 chunks" in new


def chunks(count: int) -> list[Chunk]:
    return [Chunk(ordinal, 0, 1, None, (), "文") for ordinal in range(count)]


class Writer:
    """Says the chunk's number; does before what a test wants."""

    def __init__(self, before: Callable[[Chunk, Callable[[], bool]], None]) -> None:
        self.before = before
        self.asked: list[int] = []

    def write(self, document: Document, chunk: Chunk, is_over: Callable[[], bool]) -> WrittenKeys:
        self.asked.append(chunk.ordinal)
        self.before(chunk, is_over)
        return WrittenKeys(str(chunk.ordinal), (), ())


def said(written: list[WrittenKeys | None]) -> list[str | None]:
    return [None if one is None else one.abstract for one in written]


def unheard(share: float) -> None:
    assert 0 <= share <= 1


def test_ask_writer_answers_come_in_the_order_of_the_chunks_several_at_once() -> None:
    together = threading.Barrier(4)
    writer = Writer(lambda _chunk, _is_over: together.wait(5) and None)
    shares: list[float] = []

    written = ask_writer(writer, DOCUMENT, chunks(8), seconds=30, report=shares.append)

    assert said(written) == [str(number) for number in range(8)]
    assert shares[0] == 0.0
    assert shares == sorted(shares)


def test_ask_writer_failures_leave_their_chunks_without() -> None:
    def fail_at_odd(chunk: Chunk, _is_over: Callable[[], bool]) -> None:
        if chunk.ordinal % 2:
            raise KeysNotWritten("no")

    written = ask_writer(Writer(fail_at_odd), DOCUMENT, chunks(5), seconds=30, report=unheard)

    assert said(written) == ["0", None, "2", None, "4"]


def test_ask_writer_that_hangs_is_waited_for_no_longer_than_told() -> None:
    hanging, told = threading.Event(), threading.Event()

    def hang(chunk: Chunk, is_over: Callable[[], bool]) -> None:
        if chunk.ordinal == 1:
            hanging.wait(10)
            if is_over():
                told.set()

    writer = Writer(hang)
    written = ask_writer(writer, DOCUMENT, chunks(3), seconds=0.2, report=unheard)

    assert said(written) == ["0", None, "2"]
    hanging.set()
    assert told.wait(5)


def test_ask_writer_when_time_is_over_asks_no_more() -> None:
    writer = Writer(lambda _chunk, _is_over: None)

    written = ask_writer(writer, DOCUMENT, chunks(50), seconds=0, report=unheard)

    assert said(written) == [None] * 50
    assert writer.asked == []


def test_ask_writer_report_that_raises_ends_the_work() -> None:
    go = threading.Event()
    writer = Writer(lambda _chunk, is_over: go.wait(5) and None)

    def cancelled(_share: float) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        ask_writer(writer, DOCUMENT, chunks(50), seconds=30, report=cancelled)
    go.set()
    assert len(writer.asked) <= 4
