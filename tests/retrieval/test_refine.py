import pytest

from retrieval.refine import standalone_question


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
