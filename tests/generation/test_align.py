from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from generation.align import SUPPORT_THRESHOLD, align_sentence
from generation.context import build_context
from generation.records import ContextPassage
from retrieval.records import Passage

MakePassage = Callable[..., Passage]
CHARTER = "青松公司成立于2010年。它的注册资本为3.5亿元。总部设在上海市浦东新区，员工120人。"
QUESTION = "公司的注册资本是多少？"


def shown(*passages: Passage) -> list[ContextPassage]:
    return build_context(QUESTION, passages, budget_tokens=100_000, count_tokens=len)


def quotes(sentence: str, context: list[ContextPassage], question: str = QUESTION) -> list[str]:
    spans = align_sentence(sentence, context, question, threshold=SUPPORT_THRESHOLD)
    return [span.quote for span in spans]


@pytest.mark.parametrize(
    "phrase", ["3.5亿元", "３．５亿元", "注册资本为 3.5 亿元。", "它的注册资本为3.5亿元"]
)
def test_align_phrase_in_source_gives_the_whole_sentence(
    make_passage: MakePassage, phrase: str
) -> None:
    (span,) = align_sentence(
        phrase, shown(make_passage(CHARTER)), QUESTION, threshold=SUPPORT_THRESHOLD
    )
    assert span.quote == "它的注册资本为3.5亿元。"
    assert span.chunk_id == "chunk-1"
    assert CHARTER[span.start - 1000 : span.end - 1000] == span.quote


def test_align_phrase_across_two_sentences_spans_both(make_passage: MakePassage) -> None:
    found = quotes("成立于2010年，它的注册资本为3.5亿元", shown(make_passage(CHARTER)))
    assert found == ["青松公司成立于2010年。它的注册资本为3.5亿元。"]


def test_align_phrase_in_several_places_takes_the_one_nearest_the_question(
    make_passage: MakePassage,
) -> None:
    context = shown(
        make_passage("去年的利润为3.5亿元。"), make_passage(CHARTER, number=2, start=50)
    )
    assert quotes("3.5亿元", context) == ["它的注册资本为3.5亿元。"]


def test_align_phrase_in_equal_places_takes_the_better_ranked_passage(
    make_passage: MakePassage,
) -> None:
    context = shown(make_passage("工厂在苏州。"), make_passage("工厂在苏州。", number=2))
    (span,) = align_sentence("苏州", context, QUESTION, threshold=SUPPORT_THRESHOLD)
    assert span.chunk_id == "chunk-1"


@pytest.mark.parametrize("phrase", ["5亿元", "3亿元", "010年", "20人", "2人"])
def test_align_part_of_a_number_is_unsupported(make_passage: MakePassage, phrase: str) -> None:
    assert quotes(phrase, shown(make_passage(CHARTER))) == []


@pytest.mark.parametrize(("phrase", "held"), [("art", False), ("start", True), ("ART", False)])
def test_align_part_of_a_latin_word_is_unsupported(
    make_passage: MakePassage, phrase: str, held: bool
) -> None:
    assert bool(quotes(phrase, shown(make_passage("They start at noon.")))) == held


def test_align_paraphrase_in_two_neighbours_spans_both(make_passage: MakePassage) -> None:
    found = quotes("青松公司的注册资本是3.5亿元。", shown(make_passage(CHARTER)))
    assert found == ["青松公司成立于2010年。它的注册资本为3.5亿元。"]


def test_align_english_paraphrase_spans_its_sentence(make_passage: MakePassage) -> None:
    source = "The harbour opened in 1902. Its first master was Ida Holm."
    found = quotes("Ida Holm was the first master of it.", shown(make_passage(source)), "Who?")
    assert found == ["Its first master was Ida Holm."]


@pytest.mark.parametrize(
    "sentence",
    [
        "青松公司的注册资本是4.5亿元。",
        "总部设在北京市朝阳区。",
        "公司的注册资本是多少？",
        "它是。",
        "是",
        "",
        "。。。",
        "Bananas are yellow.",
    ],
)
def test_align_without_support_is_empty(make_passage: MakePassage, sentence: str) -> None:
    assert quotes(sentence, shown(make_passage(CHARTER))) == []


def test_align_words_of_the_question_do_not_count_as_support(make_passage: MakePassage) -> None:
    context = shown(make_passage("Graham Bell invented and patented the telephone in Boston."))
    question = "Who invented and patented the telephone in Boston?"
    assert quotes("Edison invented and patented the telephone in Boston.", context, question) == []
    assert quotes("Bell invented the telephone.", context, question) != []


def test_align_one_wrong_word_among_many_of_the_question_is_unsupported(
    make_passage: MakePassage,
) -> None:
    other = " ".join(f"Entry {n} lists colour number {n}." for n in range(30))
    source = "Graham Bell invented, patented, demonstrated and sold the telephone in Boston."
    context = shown(make_passage(f"{source} {other}"))
    question = "Who invented, patented, demonstrated and sold the telephone in Boston?"
    wrong = "Edison invented, patented, demonstrated, and also sold, the telephone in Boston."
    assert quotes(wrong, context, question) == []
    assert quotes(wrong.replace("Edison", "Bell"), context, question) == [source]


def test_align_sees_only_what_the_model_was_shown(make_passage: MakePassage) -> None:
    passage = make_passage(CHARTER)
    context = build_context(QUESTION, [passage], budget_tokens=45, count_tokens=len)
    assert quotes("3.5亿元", context)
    assert quotes("上海市浦东新区", context) == []


def test_align_higher_threshold_never_finds_more(make_passage: MakePassage) -> None:
    context = shown(make_passage(CHARTER))
    sentence = "青松公司总部的员工在上海市"
    found = [
        bool(align_sentence(sentence, context, QUESTION, threshold=step / 10)) for step in range(11)
    ]
    assert found == sorted(found, reverse=True)
    assert found[0] and not found[10]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=80)
@given(
    texts=st.lists(st.text(alphabet="公司资本上海3.5亿\n。！a B,", max_size=60), max_size=3),
    sentence=st.text(alphabet="公司资本上海3.5亿。a B", max_size=12),
    budget=st.integers(20, 300),
)
def test_align_any_text_quotes_are_slices_of_the_document(
    make_passage: MakePassage, texts: list[str], sentence: str, budget: int
) -> None:
    passages = [
        make_passage(text, number=n, start=n * 777) for n, text in enumerate(texts, start=1)
    ]
    context = build_context(QUESTION, passages, budget_tokens=budget, count_tokens=len)
    by_chunk = {passage.chunk_id: passage for passage in passages}
    for span in align_sentence(sentence, context, QUESTION, threshold=0.3):
        passage = by_chunk[span.chunk_id]
        assert span.quote
        assert passage.text[span.start - passage.start : span.end - passage.start] == span.quote
