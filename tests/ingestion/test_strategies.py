import pytest

from ingestion.records import BlockKind
from ingestion.sections import split_sections
from ingestion.sentences import split_sentences
from ingestion.strategies import choose_chunking
from tests.ingestion.test_chunks import count_tokens, make_document
from tests.ingestion.test_coherence import WordScorer

TEXT = "猫吃鱼呀。猫睡觉呀。猫走了呀。狗叫了呀。狗跑了呀。狗累了呀。"


def cut(strategy, limit, scorer=None, **options):
    document = make_document((BlockKind.PARAGRAPH, 0, TEXT))
    chunking = choose_chunking(strategy, limit, scorer, **options)
    sections = split_sections(document)
    sentences = [split_sentences(document, section) for section in sections]
    chunks = chunking.chunks(document, sections, sentences, count_tokens)
    return [chunk.text for chunk in chunks]


@pytest.mark.parametrize("strategy", ["structure", "recursive", "fixed"])
def test_strategies_without_a_model_keep_together_what_fits(strategy):
    assert cut(strategy, 100) == [TEXT]


def test_fixed_fills_chunks_and_structure_makes_them_even():
    assert [len(text) for text in cut("fixed", 20)] == [20, 10]
    assert [len(text) for text in cut("structure", 20)] == [15, 15]


@pytest.mark.parametrize("strategy", ["nsp", "greedy_nsp"])
def test_strategies_by_next_sentences_cut_where_the_topic_turns(strategy):
    assert cut(strategy, 100, WordScorer()) == [TEXT[:15], TEXT[15:]]


def test_greedy_threshold_is_where_it_cuts():
    assert cut("greedy_nsp", 100, WordScorer(), threshold=0.0) == [TEXT]


@pytest.mark.parametrize("strategy", ["nsp", "greedy_nsp"])
def test_strategies_by_next_sentences_need_a_model(strategy):
    with pytest.raises(ValueError, match=f"chunking by {strategy} needs a next-sentence model"):
        choose_chunking(strategy, 100)
