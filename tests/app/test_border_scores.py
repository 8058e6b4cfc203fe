from dataclasses import replace

import pytest

from app.border_scores import BorderScores
from ingestion.records import IngestedDocument
from ingestion.store.catalog import Catalog
from tests.ingestion.catalog_samples import add, ingested_document
from tests.ingestion.test_coherence import WordScorer

PARAGRAPHS = ("猫吃鱼。", "猫睡觉。", "狗叫了。", "狗跑了。")


def unscored(*, but: int | None = None) -> IngestedDocument:
    document = ingested_document(*PARAGRAPHS)
    chunks = [
        replace(one, chunk=replace(one.chunk, coherence=0.5 if at == but else None))
        for at, one in enumerate(document.chunks)
    ]
    return replace(document, chunks=tuple(chunks))


@pytest.mark.parametrize(
    ("offset", "limit", "expected"),
    [(0, 9, [None, 0.95, 0.0, 0.95]), (1, 2, [0.95, 0.0]), (3, 1, [0.95]), (4, 1, [])],
)
def test_borders_are_scored_wherever_a_page_begins(
    catalog: Catalog, offset: int, limit: int, expected: list[float | None]
) -> None:
    document_id = add(catalog, ingested=unscored())
    chunks, total = BorderScores(catalog, WordScorer).page(document_id, offset, limit)
    assert total == 4
    assert [chunk.text for chunk in chunks] == list(PARAGRAPHS[offset : offset + limit])
    assert [chunk.coherence for chunk in chunks] == pytest.approx(expected)


def test_borders_that_ingestion_scored_are_not_scored_again(catalog: Catalog) -> None:
    document_id = add(catalog, ingested=unscored(but=2))
    scorer = WordScorer()
    chunks, _ = BorderScores(catalog, lambda: scorer).page(document_id, 0, 9)
    assert chunks[2].coherence == 0.5
    assert scorer.asked == [PARAGRAPHS[:2], PARAGRAPHS[2:]]


def test_borders_without_a_model_stay_unscored_and_it_is_looked_for_once(catalog: Catalog) -> None:
    document_id = add(catalog, ingested=unscored())
    loads: list[int] = []
    scores = BorderScores(catalog, lambda: loads.append(1))
    for _ in range(2):
        chunks, _ = scores.page(document_id, 0, 9)
        assert {chunk.coherence for chunk in chunks} == {None}
    assert loads == [1]
