import re

import pytest

from generation.policy_words import replaced, unmatched
from generation.prompt import Language

HAN = re.compile(r"[\u4e00-\u9fff]")


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(
    "differs", ["", "number", "negation", "opposite", "order", "limit", "colour"]
)
def test_unmatched_speaks_the_language_of_the_answer(language: Language, differs: str) -> None:
    said = unmatched(language, differs=differs, score=0.25, threshold=0.5)
    assert bool(HAN.search(said)) == (language == "zh")
    assert ("0.25" in said and "0.50" in said) == (not differs)


def test_unmatched_without_any_script_says_so() -> None:
    assert unmatched("en") == "no approved script can be used here"
    assert HAN.search(unmatched("zh"))


def test_replaced_names_the_script() -> None:
    assert replaced("en", script="pay-1") == "replaced by the approved script pay-1"
    assert replaced("zh", script="pay-1").endswith("pay-1")


def test_unmatched_names_each_difference_in_words_of_its_own() -> None:
    named = ("number", "negation", "opposite", "order", "limit", "colour")
    assert len({unmatched("zh", differs=one, score=0.1) for one in named}) == len(named)
