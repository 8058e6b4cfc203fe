import pytest

from generation.language import question_language


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("公司的注册资本是多少？", "zh"),
        ("What is the registered capital?", "en"),
        ("FastAPI 的 Depends 怎么用", "zh"),
        ("vLLM 支持哪些 LoRA modules and adapters", "zh"),
        ("Who wrote 《红楼梦》 and when?", "en"),
        ("《The Lord of the Rings》的作者是谁", "zh"),
        ("What does 有据 mean?", "en"),
        ("《红楼梦》", "zh"),
        ("民法典 第十二条", "zh"),
        ("capital of France", "en"),
    ],
)
def test_question_language_of_mixed_scripts_follows_function_words(
    question: str, language: str
) -> None:
    assert question_language(question) == language


def test_question_language_without_letters_gives_default() -> None:
    assert question_language("123 ?") == "zh"
    assert question_language("", default="en") == "en"
