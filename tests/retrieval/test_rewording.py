import pytest

from retrieval.pinyin_input import Holding
from retrieval.rewording import Wordings, wordings_of
from tests.retrieval.test_pinyin_input import TEXTS, index_of

GROUPS = (("试用期", "见习期"),)


@pytest.fixture(scope="module")
def holding() -> Holding:
    return index_of(*TEXTS).holding("body")


def test_wordings_of_a_clean_question_are_its_own(holding: Holding) -> None:
    asked = "劳动合同期限"
    assert wordings_of(asked, holding, GROUPS) == Wordings(asked, asked, [], [asked])


def test_wordings_of_pinyin_are_what_is_meant_and_its_synonyms(holding: Holding) -> None:
    said = wordings_of("shiyongqi", holding, GROUPS)
    assert said == Wordings("shiyongqi", "试用期", ["试用期", "见习期"], ["试用期"])


def test_wordings_of_mistakes_leave_the_question_its_say(holding: Holding) -> None:
    said = wordings_of("劳动合同试佣期", holding, GROUPS)
    assert said.meant == "劳动合同试用期"
    assert said.others == ["劳动合同试用期", "劳动合同见习期"]
    assert said.embedded == ["劳动合同试佣期", "劳动合同试用期"]


def test_wordings_of_pinyin_with_mistakes_beside_are_mended_too(holding: Holding) -> None:
    assert wordings_of("laodong hetong试佣期", holding, ()).meant == "劳动合同试用期"


def test_wordings_of_a_synonym_that_documents_lack_stand_beside_a_correction() -> None:
    holding = index_of("the wages", "page one").holding("body")
    said = wordings_of("paje rules", holding, (("paje", "wages"),))
    assert said.others == [said.meant, "wages rules"]


def test_wordings_of_a_long_question_are_its_synonyms_alone(holding: Holding) -> None:
    asked = "试用期" + "试佣期" * 80
    said = wordings_of(asked, holding, GROUPS)
    assert (said.meant, said.embedded) == (asked, [asked])
    assert said.others == ["见习期" + "试佣期" * 80]
