import pytest

from retrieval.refine.history import standalone_question


@pytest.mark.parametrize(
    "follow_up", ["它的期限是多久？", "那么罚款多少", "What about them?", "多久？"]
)
def test_standalone_question_follow_up_carries_the_one_before(follow_up: str) -> None:
    assert standalone_question(follow_up, ["年休假怎么算？"]) == f"年休假怎么算？ {follow_up}"


def test_standalone_question_own_topic_stays_alone() -> None:
    question = "个人所得税的综合所得包括哪些收入项目"
    assert standalone_question(question, ["年休假怎么算？"]) == question


def test_standalone_question_without_history_is_unchanged() -> None:
    assert standalone_question("它是什么？", []) == "它是什么？"


def test_standalone_question_goes_back_to_what_stands_on_its_own() -> None:
    asked = ["个人所得税由谁缴纳和申报？", "年休假怎么算？", "它可以分开休吗？"]
    expected = "年休假怎么算？ 它可以分开休吗？ 那罚款呢？"
    assert standalone_question("那罚款呢？", asked) == expected


def test_standalone_question_goes_back_three_questions_at_most() -> None:
    asked = [f"它的第{number}条呢？" for number in range(9)]
    assert standalone_question("它呢？", asked) == " ".join([*asked[-3:], "它呢？"])


@pytest.mark.parametrize(
    "question",
    [
        "用人单位应该在什么时候支付工资？",
        "除此外还需要提交其他哪些申请材料？",
        "Is there a fee for a second library card?",
    ],
)
def test_standalone_question_words_that_only_look_like_pronouns_stay_alone(question: str) -> None:
    assert standalone_question(question, ["职工年休假怎么算？"]) == question
