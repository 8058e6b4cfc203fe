from collections.abc import Sequence

from app.pages import page_finder
from ingestion.records import Block, BlockKind
from retrieval.records import Passage

BLOCKS = [
    Block(BlockKind.PARAGRAPH, 0, 10, 1, 0, None),
    Block(BlockKind.PARAGRAPH, 11, 20, 2, 0, None),
    Block(BlockKind.PARAGRAPH, 21, 30, 2, 0, None),
]


def passage(page: int | None) -> Passage:
    return Passage("c", "d", "r", "t", (), page, 5, 25, "x" * 20, 1.0, {})


def test_page_at_position_after_the_break_is_the_second_page() -> None:
    page_at = page_finder(lambda _document: BLOCKS)
    assert [page_at(passage(1), at) for at in (5, 10, 11, 25)] == [1, 1, 2, 2]


def test_page_at_document_without_pages_reads_no_blocks() -> None:
    asked: list[str] = []

    def read(document: str) -> Sequence[Block]:
        asked.append(document)
        return BLOCKS

    assert page_finder(read)(passage(None), 12) is None
    assert asked == []


def test_page_at_document_gone_meanwhile_is_where_the_passage_starts() -> None:
    assert page_finder(lambda _document: [])(passage(7), 12) == 7
