from dataclasses import replace
from pathlib import Path

import pytest

from ingestion import numerals
from ingestion.store.stored import IndexedState
from retrieval import terms
from retrieval.document_entry import indexing_identity, of_line, to_line
from tests.retrieval.catalog_fake import FakeCatalog


def catalog() -> FakeCatalog:
    made = FakeCatalog()
    made.put("d1", "Expenses \x85 费用 9", ["taxis are paid\nafter nine", "年假 “五天”"])
    return made


def test_of_line_gives_back_the_terms_on_one_line() -> None:
    document = catalog().new_document("d1")
    line = to_line(document.terms, document.vectors)
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert of_line(line) == document.terms


def test_line_differs_by_every_part_that_is_indexed() -> None:
    told, vectors = catalog().new_document("d1")
    lines = {
        to_line(told, vectors)[:64],
        to_line(replace(told, title="other"), vectors)[:64],
        to_line(replace(told, sequence=2), vectors)[:64],
        to_line(told, replace(vectors, raw=vectors.raw[::-1]))[:64],
        to_line(told, replace(vectors, keys=vectors.raw))[:64],
        to_line(told, replace(vectors, summary=vectors.raw[:1]))[:64],
    }
    assert len(lines) == 6


def test_line_is_the_same_where_half_precision_is() -> None:
    told, vectors = catalog().new_document("d1")
    nearly = replace(vectors, raw=vectors.raw * (1 + 1e-7))
    assert to_line(told, nearly) == to_line(told, vectors)


@pytest.mark.parametrize("line", [b"", b"x" * 64 + b" {}\n", b"x" * 64 + b" [1]\n", b"x" * 64])
def test_of_line_other_lines_raise(line: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        of_line(line)


def test_terms_know_chunks_title_and_state() -> None:
    document = catalog().new_document("d1").terms
    assert document.chunks[0].body == "taxi are paid after 9"
    assert document.chunks[0].key == "expens 费 用 费用 9"
    assert document.chunks[0].above == "expens 费 用 费用"
    assert document.whole.startswith("taxi are paid after 9 年 假")
    assert document.whole.endswith("expens 费 用 费用 9")
    ids = ["d1/taxis are paid\nafter nine", "d1/年假 “五天”"]
    assert document.state == IndexedState.of(1, ids) != IndexedState.of(1, ids[::-1])


def test_indexing_identity_is_stable() -> None:
    assert indexing_identity() == indexing_identity()
    assert len(indexing_identity()) == 16


def test_indexing_identity_changes_with_each_file_that_cuts_terms(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = indexing_identity()
    for module in (numerals, terms):
        changed = tmp_path / "changed.py"
        changed.write_bytes(Path(str(module.__file__)).read_bytes() + b"# other")
        with monkeypatch.context() as patch:
            patch.setattr(module, "__file__", str(changed))
            assert indexing_identity() != now
    assert indexing_identity() == now
