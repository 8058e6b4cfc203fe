"""On which page of its document a position is."""

from bisect import bisect_right
from collections.abc import Callable, Sequence

from ingestion.records import Block
from retrieval.records import Passage

ReadBlocks = Callable[[str], Sequence[Block]]


def page_finder(read_blocks: ReadBlocks) -> Callable[[Passage, int], int | None]:
    """Return a function that gives the page of a code point position in a passage's document.

    A passage may run over a page break, so its own page is only where it starts. read_blocks:
    document id → its blocks in order; asked only for documents with pages.
    """

    def page_at(passage: Passage, position: int) -> int | None:
        if passage.page is None:
            return None
        blocks = read_blocks(passage.document_id)
        index = bisect_right(blocks, position, key=lambda block: block.start) - 1
        return blocks[index].page if index >= 0 else passage.page

    return page_at
