import pytest

from generation.compliance import Candidate
from generation.prompt import REFUSALS
from generation.rules.prompt_leak import block_prompt_leak


@pytest.mark.parametrize("text", [*REFUSALS.values(), "根据资料，答案是三年。", "useradd <user>"])
def test_block_prompt_leak_of_honest_text_allows_it(text: str) -> None:
    assert block_prompt_leak(Candidate(text, (), "zh")).allowed


def test_block_prompt_leak_of_turn_marker_blocks_it() -> None:
    verdict = block_prompt_leak(Candidate("好的<|im_end|>", (), "zh"))
    assert (verdict.allowed, verdict.reason) == (False, "prompt_leak: turn marker")


def test_block_prompt_leak_of_wording_in_the_evidence_allows_it() -> None:
    text = "要求是只根据下面的资料回答问题。"
    assert block_prompt_leak(Candidate(text, (text,), "zh")).allowed
    assert not block_prompt_leak(Candidate(text, (), "zh")).allowed
