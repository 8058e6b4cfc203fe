"""Cuts a document into sections at its headings."""

from ingestion.records import Block, BlockKind, Document, Section


def split_sections(document: Document) -> list[Section]:
    """Return the sections in order: every block is in exactly one.

    A heading opens a section and is its first block. Its path is its ancestors by level, then
    itself; what stands before the first heading has the empty path. O(blocks).
    """
    sections: list[Section] = []
    ancestors: list[tuple[int, str]] = []
    run: list[Block] = []
    for block in document.blocks:
        if block.kind is BlockKind.HEADING:
            if run:
                sections.append(_section(ancestors, run))
                run = []
            while ancestors and ancestors[-1][0] >= block.level:
                ancestors.pop()
            ancestors.append((block.level, document.text[block.start : block.end]))
        run.append(block)
    if run:
        sections.append(_section(ancestors, run))
    return sections


def _section(ancestors: list[tuple[int, str]], run: list[Block]) -> Section:
    path = tuple(heading for _, heading in ancestors)
    return Section(path, run[0].start, run[-1].end, tuple(run))
