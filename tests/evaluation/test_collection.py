"""Corpora are ingested once and found again."""

from pathlib import Path

import numpy as np
import pytest

from app.settings import Settings
from evaluation import collection
from evaluation.collection import (
    COLLECTION,
    collection_key,
    prepare_plain_vectors,
    serve_collection,
    settings_for,
)
from evaluation.datasets import CorpusDocument
from ingestion.store.uploads import document_id_of

DOCUMENTS = [CorpusDocument("a", "", "企鹅住在南极里。"), CorpusDocument("b", "", "骆驼。")]


def _quiet(_stage: str, _done: int, _total: int) -> None:
    pass


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data")


def test_serve_collection_second_run_ingests_nothing(services, settings, tmp_path) -> None:
    runs = [
        serve_collection(
            DOCUMENTS, settings, tmp_path / "kept", services.open, reuse=True, progress=_quiet
        )
        for _ in range(2)
    ]
    assert [service.ingestions for service in services.opened] == [1, 0]
    assert [run.reused for run in runs] == [False, True]
    assert runs[0].facts == runs[1].facts
    assert runs[1].facts.documents == 2
    assert not runs[1].outdated
    assert runs[1].corpus_ids[document_id_of(COLLECTION, "a.html")] == "a"


def test_serve_collection_fresh_ingests_again(services, settings, tmp_path) -> None:
    for reuse in (True, False):
        serve_collection(
            DOCUMENTS, settings, tmp_path / "kept", services.open, reuse=reuse, progress=_quiet
        )
    assert [service.ingestions for service in services.opened] == [1, 1]


def test_serve_collection_interrupted_ingestion_starts_anew(services, settings, tmp_path) -> None:
    home = tmp_path / "kept" / collection_key(DOCUMENTS, settings)
    home.mkdir(parents=True)
    (home / "half").write_text("x", encoding="utf-8")
    served = serve_collection(
        DOCUMENTS, settings, tmp_path / "kept", services.open, reuse=True, progress=_quiet
    )
    assert not served.reused
    assert not (home / "half").exists()


def test_serve_collection_changed_code_is_outdated(
    services, settings, tmp_path, monkeypatch
) -> None:
    def serve():
        return serve_collection(
            DOCUMENTS, settings, tmp_path / "kept", services.open, reuse=True, progress=_quiet
        )

    serve()
    monkeypatch.setattr(collection, "pipeline_hash", lambda: "other")
    assert serve().outdated


def test_collection_key_follows_corpus_and_what_shapes_it(settings) -> None:
    keys = [collection_key(DOCUMENTS, settings), collection_key(DOCUMENTS[:1], settings)]
    shaping: dict[str, object] = {
        "chunk_tokens": 64,
        "encoder": "other",
        "chunking": "nsp",
        "nsp_model": "none",
        "nsp_threshold": 0.9,
        "nsp_temperature": 2.0,
        "keyphrases": "embedding",
        "key_generator": "generator",
    }
    for name, value in shaping.items():
        keys.append(collection_key(DOCUMENTS, settings.model_copy(update={name: value})))
    assert len(set(keys)) == len(keys) == len(shaping) + 2


def test_collection_key_is_the_same_for_what_a_search_makes_of_it(settings) -> None:
    own = {"port": 1, "top_k": 3, "key_index": "raw_only", "generator_model": "other"}
    searched = settings.model_copy(update=own)
    assert collection_key(DOCUMENTS, searched) == collection_key(DOCUMENTS, settings)


def test_collection_key_follows_the_generator_that_writes_keys(settings) -> None:
    written = settings.model_copy(update={"key_generator": "generator"})
    other = written.model_copy(update={"generator_model": "other"})
    assert collection_key(DOCUMENTS, written) != collection_key(DOCUMENTS, other)


def test_settings_for_keeps_models_where_they_are(settings, tmp_path) -> None:
    served = settings_for(settings, tmp_path / "home")
    assert served.data_dir == tmp_path / "home"
    assert served.models_path == settings.data_dir / "models"
    assert served.default_collection == COLLECTION


def test_prepare_plain_vectors_second_run_embeds_nothing(encoder, settings, tmp_path) -> None:
    runs = [
        prepare_plain_vectors(
            DOCUMENTS, settings, tmp_path / "kept", encoder, reuse=True, progress=_quiet
        )
        for _ in range(2)
    ]
    assert len(encoder.embedded) == 1
    assert [run.reused for run in runs] == [False, True]
    assert runs[0].seconds == runs[1].seconds
    np.testing.assert_array_equal(runs[0].vectors, runs[1].vectors)
    prepare_plain_vectors(
        DOCUMENTS, settings, tmp_path / "kept", encoder, reuse=False, progress=_quiet
    )
    assert len(encoder.embedded) == 2
