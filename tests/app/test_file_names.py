import pytest

from app.errors import InvalidFileName
from app.file_names import check_name, clean_name


@pytest.mark.parametrize(
    ("sent", "kept"),
    [("../a.txt", "a.txt"), ("C:\\x\\报告.pdf", "报告.pdf"), (" a.txt ", "a.txt")],
)
def test_clean_name_keeps_the_last_part(sent: str, kept: str) -> None:
    assert clean_name(sent) == kept


@pytest.mark.parametrize("name", ["", "..", "a\0", "a\n", "\u202efdp.exe", "\udc80", "n" * 256])
def test_check_name_refuses_what_cannot_be_shown(name: str) -> None:
    with pytest.raises(InvalidFileName):
        check_name(name)


def test_check_name_passes_paths() -> None:
    check_name("合同/2030/条款 🙂.txt")
