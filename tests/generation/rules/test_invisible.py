from generation.compliance import Candidate
from generation.records import Verdict
from generation.rules.invisible import strip_invisible


def test_strip_invisible_takes_out_what_cannot_be_seen() -> None:
    text = "你\u200b好\u202e\x00\ue000\ud800\n\t!"
    assert strip_invisible(Candidate(text, (), "zh")) == Verdict(
        True, "你好\n\t!", "stripped_invisible"
    )


def test_strip_invisible_of_plain_text_changes_nothing() -> None:
    assert strip_invisible(Candidate("你好 abc", (), "zh")) == Verdict(True, "你好 abc", "")
