"""File names as clients mean them: labels that can be kept and shown safely."""

import unicodedata

from app.errors import InvalidFileName

MAX_NAME = 255
# They reorder what is shown, so that `fdp.exe` can look like `exe.pdf`.
_DIRECTION_MARKS = frozenset(
    "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c"
)


def clean_name(raw: str) -> str:
    """Return the file name a client meant: the last part of its path, in NFC.

    Raises InvalidFileName as `check_name` does.
    """
    name = unicodedata.normalize("NFC", raw.replace("\\", "/").rpartition("/")[2]).strip()
    check_name(name)
    return name


def check_name(name: str) -> None:
    """Pass names and paths that are fit to be kept.

    Raises InvalidFileName for those that are empty, too long, or hold control characters, lone
    surrogates or marks that change the direction of writing.
    """
    visible = any(unicodedata.category(character) not in {"Cf", "Zs"} for character in name)
    if name in {".", ".."} or not visible:
        raise InvalidFileName("is empty")
    if len(name) > MAX_NAME:
        raise InvalidFileName(f"has {len(name)} characters; the limit is {MAX_NAME}")
    for character in name:
        if unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"}:
            raise InvalidFileName("holds a control character")
        if character in _DIRECTION_MARKS:
            raise InvalidFileName("holds a mark that changes the direction of writing")
