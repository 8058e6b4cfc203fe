from generation.script_wording import grams, statement, wording


def test_grams_are_words_and_characters_with_pairs_without_light_ones() -> None:
    assert grams("请付款 cards") == {"付", "款", "付款", "card"}


def test_wording_words_are_content_words_as_grams() -> None:
    said = wording("发票在订单完成后开具。")
    assert grams("发票") in said.words
    assert len(set(said.words)) == len(said.words)


def test_statement_reads_numbers_negations_opposites_limits_and_order() -> None:
    read = statement("只能在付款之后30天内退货，不能更早。")
    assert "30" in read.surely
    assert read.limits
    assert read.order is not None
    assert read.negations == 1
    assert read.opposites
    assert not statement("不只收现金").limits
    assert not statement("Decide only then.").limits


def test_wording_of_empty_text_is_empty() -> None:
    said = wording("")
    assert (said.folded, said.grams, said.words) == ("", frozenset(), ())
