import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from app import submission
from app.submission import (
    Accepted,
    Offered,
    Rejected,
    Target,
    offered_files,
    submit_files,
)
from ingestion.store.catalog import Catalog
from tests.ingestion.zip_samples import zipped

TARGET = Target("c", {}, "", 1000)


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    catalog = Catalog(tmp_path / "catalog.sqlite")
    yield catalog
    catalog.close()


def offered(name: str, content: bytes, inside: str = "") -> list[tuple[str, str]]:
    files = offered_files(name, io.BytesIO(content), TARGET, set(), inside=inside)
    return [
        (file.name, "" if isinstance(file, Offered) else getattr(file.error, "code", "?"))
        for file in files
    ]


def test_offered_file_is_itself_and_an_archive_its_files() -> None:
    assert offered("a.txt", b"text") == [("a.txt", "")]
    archive = zipped({"x/a.txt": b"a", "b.txt": b"b"})
    assert offered("a.zip", archive) == [("x/a.txt", ""), ("b.txt", "")]
    assert offered("d/a.zip", archive, "d/a.zip/")[0] == ("d/a.zip/x/a.txt", "")


def test_offered_file_that_grew_over_the_limit_is_rejected_without_reading_on() -> None:
    endless = io.BytesIO(b"x" * 5000)
    (file,) = offered_files("a.txt", endless, TARGET, set())
    assert isinstance(file, Rejected)
    assert endless.tell() == 1001


def test_offered_names_in_archives_are_checked() -> None:
    archive = zipped({"n" * 300: b"a", "a\nb.txt": b"b", "\u202efdp.exe": b"c", "ok.txt": b"d"})
    assert [code for _, code in offered("a.zip", archive)] == [*["invalid_file_name"] * 3, ""]


def test_offered_archive_that_breaks_off_tells_of_itself() -> None:
    assert offered("a.zip", zipped({"a": b"x"})[:-30]) == [("a.zip", "broken_document")]


def test_submit_files_many_keep_their_order_over_batches(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(submission, "BATCH_FILES", 3)
    files: list[Offered | Rejected] = []
    for number in range(8):
        files.append(Offered(f"{number}", bytes([number])))
    files.insert(4, Rejected("bad", OSError("gone")))
    files.append(Offered("line\nbreak", b"x"))
    outcomes = list(submit_files(catalog, files, TARGET))
    assert [outcome.name for outcome in outcomes] == [*"0123", "bad", *"4567", "line\nbreak"]
    accepted = [outcome for outcome in outcomes if isinstance(outcome, Accepted)]
    assert len(accepted) == 8
    assert all(outcome.submission.status == "queued" for outcome in accepted)


def test_submit_files_stores_a_batch_as_soon_as_it_is_full(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(submission, "BATCH_BYTES", 10)
    taken: list[int] = []

    def files() -> Iterator[Offered]:
        for number in range(4):
            taken.append(catalog.jobs()[1])
            yield Offered(f"{number}", bytes([number]) * 6)

    assert len(list(submit_files(catalog, files(), TARGET))) == 4
    assert taken == [0, 0, 2, 2]


def test_password_is_not_shown() -> None:
    assert "secret" not in repr(Target("c", {}, "secret", 1))
