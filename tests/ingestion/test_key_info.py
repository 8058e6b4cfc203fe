from itertools import chain

import pytest

from ingestion.chunks import pack_chunks
from ingestion.key_info import extract_keys, key_text, read_outline
from ingestion.records import (
    Block,
    BlockKind,
    Chunk,
    Document,
    KeyEntry,
    KeyKind,
)
from ingestion.sections import split_sections
from ingestion.sentences import split_sentences

STATUTE = [
    (1, "仓储管理条例"),
    (2, "第一章 总则"),
    (0, "第一条 为了规范粮食仓库的管理，保障粮食安全，制定本条例。"),
    (0, "第二条 粮食仓库的管理人员应当每年检查粮食仓库，检查记录保存五年。违者罚款二千元。"),
    (2, "第二章 附则"),
    (0, "第三条 本条例自2021年3月1日起施行，依照《粮食流通管理条例》执行。" + "粮食" * 30 + "。"),
]


def make_document(parts: list[tuple[int, str]]) -> Document:
    blocks, text = [], ""
    for level, words in parts:
        text += "\n" if text else ""
        kind = BlockKind.HEADING if level else BlockKind.PARAGRAPH
        blocks.append(Block(kind, len(text), len(text) + len(words), None, level, None))
        text += words
    return Document("仓储管理条例", text, tuple(blocks), "zh", "text/plain", None, ())


def keyed(document: Document, limit: int) -> list[tuple[Chunk, tuple[KeyEntry, ...]]]:
    sections = split_sections(document)
    sentences = [split_sentences(document, section) for section in sections]
    chunks = pack_chunks(
        document, sections, sentences, lambda texts: [len(text) for text in texts], limit=limit
    )
    outline, flat = read_outline(document, sections), list(chain.from_iterable(sentences))
    return [(chunk, extract_keys(document, chunk, flat, outline)) for chunk in chunks]


def texts(keys: tuple[KeyEntry, ...], kind: KeyKind) -> list[str]:
    return [key.text for key in keys if key.kind is kind]


@pytest.mark.parametrize("limit", [20, 60, 200])
def test_extract_keys_every_entry_stands_in_the_document(limit: int) -> None:
    document = make_document(STATUTE)

    for chunk, keys in keyed(document, limit):
        for key in keys:
            assert key.text == document.text[key.start : key.end] == key.text.strip() != ""
            if key.kind is not KeyKind.HEADING:
                assert chunk.start <= key.start < key.end <= chunk.end


def test_extract_keys_headings_are_those_above_and_inside() -> None:
    document = make_document(STATUTE)
    *_, (last, keys) = keyed(document, 60)

    assert last.start > document.text.index("第二章 附则")
    headings = [key for key in keys if key.kind is KeyKind.HEADING]
    assert [key.text for key in headings] == ["仓储管理条例", "第二章 附则"]
    assert [key.start for key in headings] == [0, document.text.index("第二章 附则")]


def test_extract_keys_heading_inside_the_chunk_is_given_once() -> None:
    [(_, keys)] = keyed(make_document(STATUTE[:4]), 300)

    assert texts(keys, KeyKind.HEADING) == ["仓储管理条例", "第一章 总则"]


def test_extract_keys_repeated_heading_is_the_nearest_before() -> None:
    document = make_document(
        [(1, "甲"), (0, "一" * 40 + "。"), (1, "甲"), (0, "二" * 40 + "。" + "三" * 40 + "。")]
    )
    *_, (_, keys) = keyed(document, 45)

    assert keys[0].start == document.text.rindex("甲")


def test_extract_keys_entities_and_keyphrases_are_of_the_chunk() -> None:
    [(_, keys)] = keyed(make_document(STATUTE[:4]), 300)

    assert texts(keys, KeyKind.ENTITY) == ["第一条", "第二条", "二千元"]
    assert texts(keys, KeyKind.KEYPHRASE)[0] == "粮食仓库"


def test_extract_keys_summary_is_the_most_central_sentence() -> None:
    document = make_document(
        [
            (1, "粮食仓库"),
            (0, "天气晴朗。"),
            (0, "粮食仓库的管理人员检查粮食仓库的温度和湿度。"),
            (0, "午餐供应米饭。管理人员记录仓库温度。"),
        ]
    )
    [(_, keys)] = keyed(document, 200)

    assert texts(keys, KeyKind.SUMMARY) == ["粮食仓库的管理人员检查粮食仓库的温度和湿度。"]


def test_extract_keys_summary_is_never_a_heading() -> None:
    document = make_document([(1, "粮食仓库粮食仓库管理"), (0, "粮食很多。")])
    [(_, keys)] = keyed(document, 200)

    assert texts(keys, KeyKind.SUMMARY) == ["粮食很多。"]


def test_extract_keys_without_words_still_has_a_summary() -> None:
    [(_, keys)] = keyed(make_document([(0, "…… 12 ……")]), 50)

    assert [(key.kind, key.text) for key in keys] == [(KeyKind.SUMMARY, "…… 12 ……")]


def test_extract_keys_of_a_part_of_a_sentence_stay_inside() -> None:
    document = make_document([(0, "粮食仓库，" * 40)])

    for chunk, keys in keyed(document, 60):
        [summary] = [key for key in keys if key.kind is KeyKind.SUMMARY]
        assert chunk.start <= summary.start < summary.end <= chunk.end


def test_extract_keys_run_twice_are_the_same() -> None:
    assert keyed(make_document(STATUTE), 60) == keyed(make_document(STATUTE), 60)


def test_key_text_holds_title_path_phrases_entities_and_summary() -> None:
    chunk, keys = keyed(make_document(STATUTE), 200)[0]

    head, listed, summary = key_text("仓储管理条例", chunk, keys).split("\n")

    assert head == "仓储管理条例 > 第一章 总则"
    assert "二千元" in listed.split("、")
    assert summary == "第一条 为了规范粮食仓库的管理，保障粮食安全，制定本条例。"


def test_key_text_says_nothing_twice_on_its_list() -> None:
    chunk, keys = keyed(make_document(STATUTE), 200)[0]

    head, listed, summary = key_text("仓储管理条例", chunk, keys).split("\n")

    assert not [entry for entry in listed.split("、") if entry in head or entry in summary[:32]]


def entry(kind: KeyKind, text: str) -> KeyEntry:
    return KeyEntry(kind, text, 0, len(text))


@pytest.mark.parametrize(("letter", "longest"), [("粮", 100), ("a", 210)])
def test_key_text_of_long_parts_is_short_and_has_all_of_them(letter: str, longest: int) -> None:
    chunk = Chunk(0, 0, 1, None, (letter * 300,), "文")
    keys = [
        *(entry(KeyKind.KEYPHRASE, f"短语{i}") for i in range(20)),
        *(entry(KeyKind.ENTITY, f"第{i}条") for i in range(20)),
        entry(KeyKind.SUMMARY, "末" * 300),
    ]

    text = key_text("题", chunk, keys)

    assert len(text) <= longest
    assert all(part in text for part in ("题 > ", "短语0、", "第0条", "末末末"))


def test_key_text_of_few_keys_gives_their_room_to_the_summary() -> None:
    text = key_text("题", Chunk(0, 0, 1, None, (), "文"), [entry(KeyKind.SUMMARY, "末" * 300)])

    assert 85 < text.count("末") <= 92


def test_key_text_of_written_keys_has_abstract_for_summary_and_questions_last() -> None:
    keys = [
        entry(KeyKind.SUMMARY, "原句。"),
        entry(KeyKind.ABSTRACT, "概括。"),
        *(entry(KeyKind.QUESTION, f"第{i}问是" + "什么" * 20 + "？") for i in range(9)),
    ]

    head, abstract, *asked = key_text("题", Chunk(0, 0, 1, None, (), "文"), keys).split("\n")

    assert (head, abstract) == ("题", "概括。")
    assert asked == [key.text for key in keys[2:4]]


def test_extract_keys_more_phrases_where_asked_for() -> None:
    document = make_document(
        [(0, "粮食仓库配有湿度仪器、消防水池、运输车辆、照明线路和安全标志。")]
    )
    sections = split_sections(document)
    sentences = list(chain.from_iterable(split_sentences(document, s) for s in sections))
    chunk = Chunk(0, 0, len(document.text), None, (), document.text)
    few, more = (
        texts(
            extract_keys(
                document, chunk, sentences, read_outline(document, sections), most_phrases=most
            ),
            KeyKind.KEYPHRASE,
        )
        for most in (2, 4)
    )
    assert len(few) == 2
    assert more[:2] == few
    assert len(more) > 2
