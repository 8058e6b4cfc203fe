from dataclasses import replace
from pathlib import Path

import pytest

from evaluation.stream_delay import Paced, gated_path, stream_delay
from ingestion.store.catalog import Catalog
from tests.generation.script_fakes import GramEncoder


def test_stream_delay_is_that_of_the_sentence_which_is_being_written(tmp_path: Path) -> None:
    catalog, generator = Catalog(tmp_path / "catalog.sqlite3"), Paced(0.005)
    path = gated_path(catalog, GramEncoder(), generator, "advise")
    delay = stream_delay(path, generator, 2)
    catalog.close()
    assert delay["answers"] == 2
    assert delay["sentence_ms"] >= 40
    assert 0 < delay["delay_ms_p50"] <= delay["delay_ms_p95"] <= delay["delay_ms_most"]
    assert delay["delay_sentences_p50"] > 0


def test_stream_delay_of_another_answer_is_refused(tmp_path: Path) -> None:
    catalog, generator = Catalog(tmp_path / "catalog.sqlite3"), Paced(0.0)
    path = gated_path(catalog, GramEncoder(), generator, "strict")
    with pytest.raises(ValueError, match="not what was written"):
        stream_delay(lambda asked: path(replace(asked)), generator, 1)
    catalog.close()
