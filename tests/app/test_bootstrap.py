import subprocess
import sys
from pathlib import Path

import pytest

from app.answer_events import AnswerRequest, DoneEvent
from app.bootstrap import build_key_info, build_service, build_worker
from app.embed_levels import BY_STATISTICS
from app.settings import Settings
from generation.chat import ChatGenerator
from generation.errors import GeneratorUnavailable
from generation.key_writer import KeyWriter
from generation.records import Outcome
from ingestion.errors import OtherEncoder
from ingestion.records import PLAIN
from ingestion.store.catalog import Catalog
from models.encoder import Encoder
from retrieval.explain import Expected
from retrieval.fusion_weights import FusionWeights
from retrieval.manifest import read_manifest
from retrieval.records import Passage, SearchRequest
from retrieval.search import Searcher, SearchRun
from tests.ingestion.catalog_samples import LEASE, add

TEXT = "The ferry crossing takes forty minutes. It leaves from pier seven."


def test_wiring_is_imported_without_pytorch() -> None:
    # A command that loads no model would otherwise wait ten seconds for nothing.
    code = "import sys, app.bulk_ingest, app.main; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_build_key_info_is_what_the_settings_ask_for() -> None:
    assert build_key_info(Settings()) == BY_STATISTICS
    settings = Settings(
        keyphrases="embedding",
        key_generator="generator",
        generator_url="http://127.0.0.1:9",
        key_generator_seconds=7,
    )
    asked = build_key_info(settings)
    assert (asked.by_meaning, asked.seconds) == (True, 7)
    assert isinstance(asked.writer, KeyWriter)


def test_service_and_worker_share_a_catalog_and_answer_from_it(
    tmp_path: Path, models_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs: list[tuple[Searcher, SearchRequest, tuple[Passage, ...]]] = []
    run_really = Searcher.run

    def run(
        searcher: Searcher, request: SearchRequest, weights: FusionWeights | None = None
    ) -> SearchRun | None:
        found = run_really(searcher, request, weights)
        if found is not None and weights is None:
            runs.append((searcher, request, found.result.passages))
        return found

    monkeypatch.setattr(Searcher, "run", run)
    settings = Settings(
        data_dir=tmp_path, models_dir=models_dir, generator="none", key_index="raw_only"
    )
    service = build_service(settings)
    assert isinstance(service.embedder, Encoder)
    assert service.readiness().generator == "none"
    catalog, ingest = build_worker(settings)
    service.catalog.submit("c", "ferry.txt", TEXT.encode(), {})
    job = catalog.claim("w", LEASE)
    assert job is not None
    ingested = ingest(
        catalog.job_source(job.job_id), job.name, PLAIN, lambda _stage, _share, _characters=0: None
    )
    catalog.commit_document(ingested, job_id=job.job_id, worker="w")
    assert service.search(SearchRequest("ferry", "c", 3, None)).passages == ()
    service.refresh()
    readiness = service.readiness()
    assert (readiness.catalog, readiness.indexed_sequence) == (True, catalog.last_sequence())
    (passage,) = service.search(SearchRequest("ferry", "c", 3, None)).passages
    assert {"raw", "words"} <= set(passage.scores)
    assert "keys" not in passage.scores
    question = "The ferry crossing takes how many minutes?"
    asked = AnswerRequest(question, "c", (), "s", None, None, None, "t")
    *_, done = service.answer(asked)
    assert isinstance(done, DoneEvent)
    assert done.answer.outcome is Outcome.ANSWERED
    (cited,) = done.answer.citations
    assert TEXT[cited.start : cited.end] == cited.quote
    assert passage.document_id == cited.document_id
    # All three ways in are one function of one searcher.
    again = SearchRequest(question, "c", settings.top_k, None)
    service.search(again)
    explained = service.explain(again, Expected(document_id=passage.document_id))
    assert (explained.rank, explained.lost_at) == (1, None)
    of_answer, of_search, of_explanation = runs[-3:]
    assert of_answer[0] is of_search[0] is of_explanation[0]
    assert of_answer[1:] == of_search[1:] == of_explanation[1:]
    assert service.catalog.sessions.latest("c\ns", 10)[0] == ("user", question)
    service.close()
    [snapshot] = catalog.index_files.snapshots("c")
    assert read_manifest(snapshot).documents == 1
    catalog.close()


def test_service_beside_a_worker_of_another_encoder_stops_following_and_says_so(
    tmp_path: Path, models_dir: Path
) -> None:
    settings = Settings(
        data_dir=tmp_path, models_dir=models_dir, encoder="bundled-plain", generator="none"
    )
    service = build_service(settings)
    assert service.readiness().catalog
    other = Catalog(tmp_path / "catalog.sqlite3", encoder="other")
    add(other)
    with pytest.raises(OtherEncoder):
        service.refresh()
    readiness = service.readiness()
    assert (readiness.catalog, readiness.indexed_sequence) == (False, 0)
    assert "1 by other" in readiness.detail
    other.close()
    service.close()


def test_service_with_a_generator_that_stopped_answering_says_so_and_closes_it(
    tmp_path: Path, models_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    generator = ChatGenerator("http://127.0.0.1:9", "large", None, timeout_seconds=1)
    monkeypatch.setattr("app.bootstrap.build_generator", lambda _settings: generator)
    service = build_service(Settings(data_dir=tmp_path, models_dir=models_dir))
    assert (service.readiness().generator, service.readiness().detail) == ("ok", "")
    for _ in range(3):
        with pytest.raises(GeneratorUnavailable):
            list(generator.stream("?", max_tokens=4))
    readiness = service.readiness()
    assert (readiness.generator, readiness.catalog) == ("down", True)
    assert "large" in readiness.detail
    service.close()
    with pytest.raises(RuntimeError, match="closed"):
        generator._client.get("http://127.0.0.1:9")
