import pytest

from generation.script_match import differs, match_score, overlap, wording


@pytest.mark.parametrize(
    ("sentence", "script", "what"),
    [
        ("七天内可以退货。", "三十天内可以退货。", "number"),
        ("年费为120元。", "年费为一百三十元。", "number"),
        ("这件商品不支持退货。", "这件商品支持退货。", "negation"),
        ("Returns are not possible.", "Returns are possible.", "negation"),
        ("费用会增加。", "费用会减少。", "opposite"),
        ("Delivery is free.", "Delivery is paid.", "opposite"),
        ("年费为一百二十元。", "年费是120元。", ""),
        ("可以用微信付款。", "付款可以用微信。", ""),
        ("You can pay by card.", "Payment by card is possible.", ""),
    ],
)
def test_differs_names_what_is_stated_differently(sentence: str, script: str, what: str) -> None:
    one, other = wording(sentence), wording(script)
    assert differs(one, other) == what
    assert (match_score(one, other, 0.99) == 0.0) is bool(what)


def test_match_score_same_wording_in_other_signs_is_one() -> None:
    assert match_score(wording("您好，请稍候！"), wording("您好 请稍候"), 0.0) == 1.0


def test_match_score_grows_with_cosine_and_overlap() -> None:
    one, near, far = wording("付款可以用微信"), wording("可以用微信来付款"), wording("恒星很多")
    assert overlap(one, near) > overlap(one, far)
    assert match_score(one, near, 0.95) > match_score(one, near, 0.8) > match_score(one, far, 0.8)
