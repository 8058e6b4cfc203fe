"""Changed and hostile files: a sound document or a reason, soon, in little memory."""

from collections.abc import Iterator
from random import Random

import pytest

from ingestion.builder import DraftBlock, build_document
from ingestion.isolated import IsolatedParser
from ingestion.records import Block, BlockKind
from tests.fuzz.child import flaw_of
from tests.fuzz.corpus import corpus
from tests.fuzz.mutations import LARGEST, mutated
from tests.fuzz.run import Finding, open_parser, shrunk, verdict
from tests.fuzz.seeds import seeds

CHANGES = 40


@pytest.fixture(scope="module")
def parser() -> Iterator[IsolatedParser]:
    isolated = open_parser(seconds=60)
    yield isolated
    isolated.close()


def test_seeds_are_sound_documents(parser: IsolatedParser) -> None:
    ended = {name: verdict(parser, content, name) for name, content in seeds().items()}
    rich_text = ended.pop("letter.rtf")
    assert rich_text[1] in {"document", "unsupported_media"}
    assert {outcome for _, outcome in ended.values()} == {"document"}


@pytest.mark.parametrize("name", sorted(corpus()))
def test_corpus_file_ends_well(parser: IsolatedParser, name: str) -> None:
    signature, message = verdict(parser, corpus()[name], name)
    assert not signature.startswith(("internal", "parser", "unsound", "deadline", "out")), message


def test_changed_files_end_well(parser: IsolatedParser) -> None:
    random = Random(20)
    pool = seeds()
    found = []
    for _ in range(CHANGES):
        name = random.choice(list(pool))
        signature, message = verdict(parser, mutated(pool[name], list(pool.values()), random), name)
        found += [(name, message)] if signature and not signature.startswith("slow") else []
    assert found == []


def test_mutated_is_the_same_for_the_same_numbers_and_bounded() -> None:
    pool = seeds()
    for name, content in pool.items():
        changed = [mutated(content, list(pool.values()), Random(n)) for n in range(4)]
        assert changed == [mutated(content, list(pool.values()), Random(n)) for n in range(4)]
        assert len(set(changed)) > 1, name
        assert max(map(len, changed)) <= LARGEST


def test_flaw_of_tells_what_a_document_breaks() -> None:
    def document(*blocks: Block):
        made = build_document(
            [DraftBlock(BlockKind.PARAGRAPH, "one"), DraftBlock(BlockKind.PARAGRAPH, "two")],
            name="a.txt",
            media_type="text/plain",
        )
        return (
            made
            if not blocks
            else type(made)(made.title, made.text, blocks, "en", made.media_type, None, ())
        )

    paragraph = BlockKind.PARAGRAPH
    whole = Block(paragraph, 0, len(document().text), None, 0, None)
    assert flaw_of(document()) == flaw_of(document(whole)) == ""
    assert "order" in flaw_of(document(whole, whole))
    assert "after" in flaw_of(document(Block(paragraph, 0, 3, None, 0, None)))
    assert "outside blocks" in flaw_of(document(Block(paragraph, 2, 4, None, 0, None)))
    assert "level" in flaw_of(document(Block(BlockKind.HEADING, 0, 8, None, 0, None)))
    assert "page" in flaw_of(document(Block(paragraph, 0, 8, 3, 0, None)))


def test_shrunk_keeps_what_makes_the_finding() -> None:
    class Fussy(IsolatedParser):
        def __call__(self, content, name, options, advance):
            from ingestion.errors import ParserFailed

            raise ParserFailed("parser_crashed" if b"!" in content else "no_text", "x")

    fussy = Fussy(memory_bytes=2**30, seconds=1, stall_seconds=1)
    found = verdict(fussy, b"abc!def" * 20, "a.txt")
    assert found == ("parser_crashed .txt", "x")
    assert shrunk(fussy, Finding(*found, "a.txt", b"abc!def" * 20)) == b"!"
