import pytest

from generation.script_match import ScriptReading, difference, differs, likeness
from generation.script_wording import statement, wording


@pytest.mark.parametrize(
    ("sentence", "script", "what"),
    [
        ("七天内可以退货。", "三十天内可以退货。", "number"),
        ("年费为120元。", "年费为一百三十元。", "number"),
        ("这件商品不支持退货。", "这件商品支持退货。", "negation"),
        ("Returns are not possible.", "Returns are possible.", "negation"),
        ("费用会增加。", "费用会减少。", "opposite"),
        ("Delivery is free.", "Delivery is paid.", "opposite"),
        ("请先付款，然后验货。", "请先验货，再付款。", "order"),
        ("Please pay first and check the goods later.", "Check the goods before you pay.", "order"),
        ("发票在付款前开具。", "发票在付款后开具。", "order"),
        ("本店只收现金。", "本店收现金。", "limit"),
        ("We only accept cash.", "We accept cash.", "limit"),
        ("年费为一百二十元。", "年费是120元。", ""),
        ("可以用微信付款。", "付款可以用微信。", ""),
        ("付款之前请验货。", "请先验货，之后再付款。", ""),
        ("Sign after you have read the terms.", "Read the terms before you sign.", ""),
        ("是不是可以退货？", "可以退货。", ""),
        ("不好意思，让您久等。", "抱歉，让您久等。", ""),
        ("You can pay by card.", "Payment by card is possible.", ""),
    ],
)
def test_differs_names_what_is_stated_differently(sentence: str, script: str, what: str) -> None:
    one, other = statement(sentence), statement(script)
    assert differs(one, other) == what
    assert bool(differs(other, one)) is bool(what)


def test_difference_one_wording_agrees_is_none_but_for_opposites_and_order() -> None:
    script = ScriptReading(["请先看合同，再签字。", "三十天内看合同，看完签字。"])
    assert difference(wording("请先看看合同，然后签字。"), script) == ""
    assert difference(wording("请先签字，再看合同。"), script) == "order"
    assert difference(wording("十天内看合同。"), script) == "number"


def test_likeness_same_wording_in_other_signs_scores_one() -> None:
    script = ScriptReading(["您好 请稍候", "等一下"])
    alike = likeness(wording("您好，请稍候！"), script, 0.0)
    assert (alike.same, alike.score()) == (True, 1.0)
    assert difference(wording("您好，请稍候！"), script) == ""


def test_score_grows_with_cosine_and_what_is_covered_and_falls_with_what_is_foreign() -> None:
    script = ScriptReading(["付款可以用微信。", "微信付款也可以。"])
    said = wording("可以用微信来付款")
    assert likeness(said, script, 0.95).score() > likeness(said, script, 0.8).score()
    less = likeness(wording("可以付款"), script, 0.9)
    assert less.covered < likeness(said, script, 0.9).covered
    assert less.score() < likeness(said, script, 0.9).score()
    more = likeness(wording("可以用微信来付款，手续费由商家承担"), script, 0.9)
    assert more.foreign > 0
    assert more.score() < likeness(said, script, 0.9).score()


def test_weights_words_of_all_wordings_weigh_most_and_sum_to_one() -> None:
    weights = ScriptReading(["pay by card", "card payment", "use a card"]).weights
    assert max(weights, key=lambda gram: weights[gram]) == "card"
    assert sum(weights.values()) == pytest.approx(1.0)


def test_script_of_signs_only_matches_nothing_and_fails_not() -> None:
    alike = likeness(wording("！！！"), ScriptReading(["……"]), 0.5)
    assert 0.0 <= alike.score() <= 1.0
    assert likeness(wording("付款"), ScriptReading(["……"]), 0.5).covered == 0.0
