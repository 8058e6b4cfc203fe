"""The one place that ties evaluation to the running service."""

import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from app.answer_events import AnswerRequest, SentenceEvent
from app.bootstrap import build_chunking, build_key_info, build_service
from app.build_models import build_encoder
from app.ingest_document import ingest_document
from app.service import Service
from app.settings import Settings
from evaluation.bulk_ingestion import Ingested, SourceFile, ingest_corpus, store_group
from evaluation.collection import COLLECTION
from evaluation.subject import ReleasedSentence, Subject, TextEncoder
from generation.records import Answer
from ingestion.ports import CoherenceScorer, PassageEmbedder
from ingestion.records import IngestedDocument
from models.bundled import prepare_encoder
from retrieval.records import SearchRequest, SearchResult


def open_subject(settings: Settings) -> Subject:
    """Start the service on the settings' data directory, without its HTTP side."""
    return bind(build_service(settings))


def bind(service: Service) -> Subject:
    """Return a running service as evaluation sees it: the functions behind its HTTP calls."""

    def search(question: str, top_k: int) -> SearchResult:
        return service.search(SearchRequest(question, COLLECTION, top_k, None))

    def search_all(question: str, top_k: int) -> SearchResult:
        return service.search(SearchRequest(question, COLLECTION, top_k, None, narrowed=False))

    def ask(question: str) -> Iterator[ReleasedSentence | Answer]:
        for event in service.answer(_request(question)):
            if isinstance(event, SentenceEvent):
                yield ReleasedSentence(event.text, len(event.citations))
            else:
                yield event.answer

    def ingest(files: Sequence[SourceFile], progress: Callable[[int, int], None]) -> Ingested:
        return _ingest(files, service, progress)

    def plain_encoder() -> TextEncoder:
        if service.settings.encoder != "bundled":
            return service.embedder
        return build_encoder(service.settings.model_copy(update={"encoder": "bundled-plain"}))

    return Subject(search, search_all, ask, ingest, plain_encoder, service.close)


def embedding_seconds(settings: Settings, texts: Sequence[str]) -> float:
    """Return the seconds that the settings' encoder takes for these passages and nothing else."""
    encoder = build_encoder(settings)
    encoder.embed_passages(texts[:1])
    began = time.perf_counter()
    encoder.embed_passages(texts)
    return time.perf_counter() - began


def open_coherence(settings: Settings, weights: Path) -> tuple[TextEncoder, CoherenceScorer]:
    """Return the settings' encoder, and the scorer that weights make of the bundled one."""
    from models.next_sentence import trained_next_sentence

    trunk = prepare_encoder(settings.models_path, lambda _line: None)
    return build_encoder(settings), trained_next_sentence(trunk, weights)


def _ingest(
    files: Sequence[SourceFile], service: Service, progress: Callable[[int, int], None]
) -> Ingested:
    chunking, key_info = build_chunking(service.settings), build_key_info(service.settings)

    def one(file: SourceFile, embedder: PassageEmbedder) -> IngestedDocument:
        return ingest_document(
            file.content,
            file.name,
            embedder=embedder,
            chunking=chunking,
            key_info=key_info,
            progress=lambda _stage, _share, _characters=0: None,
        )

    def store(group: Sequence[tuple[SourceFile, IngestedDocument]]) -> None:
        store_group(group, service.catalog, COLLECTION)

    ingested = ingest_corpus(files, one, service.embedder, store, progress)
    service.refresh()
    return ingested


def _request(question: str) -> AnswerRequest:
    return AnswerRequest(
        question=question,
        collection=COLLECTION,
        history=(),
        session_id=None,
        stage=None,
        strategy=None,
        top_k=None,
        trace_id=uuid.uuid4().hex,
    )
