import pytest

from retrieval.refine.decompose import decompose


@pytest.mark.parametrize(
    ("question", "parts"),
    [
        ("长江和黄河分别有多长？", ("长江有多长？", "黄河有多长？")),
        (
            "长江、黄河和珠江的长度分别是多少？",
            ("长江的长度是多少？", "黄河的长度是多少？", "珠江的长度是多少？"),
        ),
        ("试用期的期限和工资分别如何规定？", ("试用期的期限如何规定？", "试用期的工资如何规定？")),
        (
            "中华人民共和国的首都和国歌各自是什么？",
            ("中华人民共和国的首都是什么？", "中华人民共和国的国歌是什么？"),
        ),
        ("年假有几天？病假工资怎么算？", ("年假有几天？", "病假工资怎么算？")),
        ("年假有几天，病假工资怎么算？", ("年假有几天", "病假工资怎么算？")),
        ("谁负责审批以及多久能办完？", ("谁负责审批", "多久能办完？")),
        ("请分别介绍长江和黄河", ("介绍长江", "介绍黄河")),
        ("Who wrote it? When did he die?", ("Who wrote it?", "When did he die?")),
        (
            "When did the war end and who signed the peace?",
            ("When did the war end", "who signed the peace?"),
        ),
        (
            "What is the length of the Nile and the Danube, respectively?",
            ("What is the length of the Nile?", "What is the length of the Danube?"),
        ),
        (
            "When were Rome and Carthage founded, respectively?",
            ("When were Rome founded?", "When were Carthage founded?"),
        ),
    ],
)
def test_decompose_compound_question_returns_parts(question: str, parts: tuple[str, ...]) -> None:
    found = decompose(question)
    assert found.parts == parts
    assert found.apart


@pytest.mark.parametrize(
    ("question", "parts"),
    [
        ("比较长江和黄河的长度", ("长江的长度", "黄河的长度")),
        ("抵押与质押有什么区别？", ("抵押", "质押")),
        (
            "Compare the Nile and the Danube in terms of length.",
            ("the Nile length", "the Danube length"),
        ),
        ("What is the difference between a pledge and a lien?", ("a pledge", "a lien")),
    ],
)
def test_decompose_comparison_is_only_searched_apart(question: str, parts: tuple[str, ...]) -> None:
    found = decompose(question)
    assert (tuple(part.strip() for part in found.parts), found.apart) == (
        tuple(" ".join(part.split()) for part in parts),
        False,
    )


@pytest.mark.parametrize(
    "question",
    [
        "中华人民共和国成立于哪一年？",
        "在什么情况下，用人单位应当支付多少经济补偿？",
        "劳动者的权利和义务有哪些？",
        "甲方和乙方的权利和义务分别是什么？",
        "如何分别真假人民币？",
        "Who is the mother of Romulus and Remus?",
        "I know who you are and what you did",
        "年假",
        "",
        "？？？",
        "?" * 2000,
    ],
)
def test_decompose_single_question_stays_whole(question: str) -> None:
    assert decompose(question).parts == ()
