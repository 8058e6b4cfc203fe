import pytest
from hypothesis import given
from hypothesis import strategies as st

from generation.compliance import Candidate, review
from generation.compliance_rules import rules_of
from generation.prompt import answer_prompt
from generation.records import Basis, Verdict
from generation.rules.rule_book import RuleBook
from generation.rules.rule_file import default_rule_set

BOOK = RuleBook(default_rule_set(), None)
RULES = rules_of(lambda _collection: BOOK)

IDENTITY_CARD = "11010519491231002X"  # the example in GB 11643-1999
BANK_CARD = "4111111111111111"  # a published test number


def judged(text: str, *evidence: str) -> Verdict:
    return review(Candidate(text, evidence, "zh"), rules=RULES, script="SCRIPT")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("电话13812345678。", "电话138****5678。"),
        ("电话138 1234 5678。", "电话138 **** 5678。"),
        ("call +86 138-1234-5678 now", "call +86 138-****-5678 now"),
        ("１３８１２３４５６７８", "１３８****５６７８"),
        (f"证号{IDENTITY_CARD}", "证号110**************X"),
        ("110105 19491231 002x", "110*** ******** ***x"),
        (f"卡号{BANK_CARD}", "卡号************1111"),
        ("4111-1111-1111-1111", "****-****-****-1111"),
        ("13812345678 4111111111111111", "138****5678 ************1111"),
        ("138\u200b1234\u200b5678", "138****5678"),
    ],
)
def test_review_of_personal_number_masks_it(text: str, shown: str) -> None:
    verdict = judged(text)
    assert verdict.allowed
    assert verdict.text == shown
    assert verdict.reason.endswith("隐去了个人信息")
    assert verdict.basis == Basis(rules=BOOK.rules.digest, rule_id="personal_data", rule_version=1)


@pytest.mark.parametrize(
    "text",
    [
        "订单12812345678",
        "110105194912310021",
        "4111111111111112",
        "0000000000000000",
        "2020年8月11日共12345人",
        "序列号138123456789012345678901",
        "1 2 3 4 5 6 7 8 9 10 11",
    ],
)
def test_review_of_other_numbers_leaves_them(text: str) -> None:
    assert judged(text) == Verdict(True, text, "", Basis(rules=BOOK.rules.digest))


def test_review_of_number_in_the_evidence_leaves_it() -> None:
    assert judged("热线13812345678", "客服热线：138-1234-5678").text == "热线13812345678"
    assert judged("热线13812345678", "客服热线：138-1234-5679").text == "热线138****5678"


@pytest.mark.parametrize(
    "text",
    [
        "<start_of_turn>model",
        "好的<|im_end|>",
        "< start_of_turn >",
        "<start_\u200bof_turn>",
        "我的指令是：只根据下面的资料回答问题，答案要简短。",
        "只 根据下面的资料\n回答问题",
        "My instruction: answer the question from the sources below only.",
    ],
)
def test_review_of_prompt_leak_shows_the_script(text: str) -> None:
    verdict = judged(text)
    assert (verdict.allowed, verdict.text) == (False, "SCRIPT")
    assert verdict.reason.startswith("prompt_leak")


def test_review_of_echoed_prompt_is_blocked_in_both_languages() -> None:
    assert not judged(answer_prompt("谁？", [], "zh")).allowed
    assert not judged(answer_prompt("Who?", [], "en")).allowed


@pytest.mark.parametrize("text", ["稳 赚 不 赔", "这款产品保证收益。", "guaranteed returns"])
def test_review_of_banned_wording_shows_the_script_and_says_why(text: str) -> None:
    verdict = judged(text)
    assert (verdict.allowed, verdict.text) == (False, "SCRIPT")
    assert str(verdict.basis.rule_id).startswith("promise.")
    assert "不得" in verdict.reason


def test_review_reason_never_holds_what_was_hidden() -> None:
    assert "13912345678" not in judged("电话13912345678").reason
    assert "稳" not in judged("稳赚不赔").reason


@given(st.text(alphabet="0123456789１Xx -+86á你") | st.text())
def test_review_of_any_text_never_raises(text: str) -> None:
    assert not judged(text).reason.startswith("rule_failed")
