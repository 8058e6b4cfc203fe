from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from retrieval.journal import Journal, Span


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with closing(Journal(tmp_path / "new")) as made:
        yield made


def lines(journal: Journal) -> list[tuple[int, bytes]]:
    return [pair for part in journal.view() for pair in part.lines()]


def saved(folder: Path, content: bytes) -> Path:
    path = folder / "saved"
    path.write_bytes(content)
    return path


def test_lines_come_in_order_without_dropped_ones(journal: Journal) -> None:
    for number in range(3):
        journal.append(number, b"line %d\n" % number)
    journal.drop(1)
    journal.drop(99)
    assert lines(journal) == [(0, b"line 0\n"), (2, b"line 2\n")]


def test_view_stays_as_it_was(journal: Journal) -> None:
    journal.append(0, b"a\n")
    [part] = journal.view()
    journal.append(1, b"b\n")
    journal.drop(0)
    assert list(part.lines()) == [(0, b"a\n")]


def test_saved_lines_outlive_their_file_and_come_first(tmp_path: Path) -> None:
    path = saved(tmp_path, b"one\ntwo\n")
    spans = {0: Span(0, 4), 1: Span(4, 4)}
    with closing(Journal(tmp_path, path.open("rb"), spans)) as journal:
        path.unlink()
        journal.append(2, b"three\n")
        journal.drop(0)
        assert lines(journal) == [(1, b"two\n"), (2, b"three\n")]


def test_adopt_keeps_what_came_and_went_since(journal: Journal, tmp_path: Path) -> None:
    journal.append(0, b"one\n")
    journal.append(1, b"two\n")
    path = saved(tmp_path, b"one\ntwo\n")
    journal.append(2, b"three\n")
    journal.drop(1)
    journal.adopt(path.open("rb"), {0: Span(0, 4), 1: Span(4, 4)})
    assert lines(journal) == [(0, b"one\n"), (2, b"three\n")]
    journal.append(3, b"four\n")
    assert lines(journal)[-1] == (3, b"four\n")


def test_compact_takes_dropped_lines_off_the_disk(tmp_path: Path) -> None:
    path = saved(tmp_path, b"one\nsecret\n")
    spans = {0: Span(0, 4), 1: Span(4, 7)}
    with closing(Journal(tmp_path, path.open("rb"), spans)) as journal:
        journal.append(2, b"three\n")
        journal.drop(1)
        journal.compact()
        [part] = journal.view()
        part.file.seek(0)
        assert part.file.read() == b"one\nthree\n"
        assert lines(journal) == [(0, b"one\n"), (2, b"three\n")]


def test_append_on_a_full_disk_raises(journal: Journal) -> None:
    with open("/dev/full", "wb", buffering=0) as full:
        whole, journal._fresh = journal._fresh, full
        with pytest.raises(OSError, match="No space"):
            journal.append(0, b"line\n")
        journal._fresh = whole
    assert lines(journal) == []


def test_new_lines_have_no_name_on_disk(journal: Journal, tmp_path: Path) -> None:
    journal.append(0, b"secret\n")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
