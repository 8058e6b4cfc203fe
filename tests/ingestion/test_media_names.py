"""Media types in people's words."""

import re
from pathlib import Path

import pytest

from ingestion import media
from ingestion.media_names import plain_name, plain_names

TYPE = re.compile(r'"((?:application|audio|image|message|text|video)/[\w.+-]+)"')


def test_plain_name_every_type_that_bytes_can_show_has_one() -> None:
    source = Path(media.__file__).read_text(encoding="utf-8")
    known = set(TYPE.findall(source))
    assert {media.ZIP, media.BINARY, "video/mp4"} <= known
    assert [kind for kind in sorted(known) if "/" in plain_name(kind)] == []


@pytest.mark.parametrize(
    ("media_type", "one", "many"),
    [
        (media.ZIP, "ZIP archive", "ZIP archives"),
        (media.BINARY, "file of an unknown kind", "files of an unknown kind"),
        ("application/x-new", "application/x-new", "application/x-new"),
        ("a link or device", "a link or device", "a link or device"),
    ],
)
def test_plain_names_of_one_file_and_of_many(media_type: str, one: str, many: str) -> None:
    assert plain_name(media_type) == one
    assert plain_names(media_type) == many
