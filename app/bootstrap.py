"""Wires the service from concrete classes: settings in, a running service out."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING

from app.answer_events import AnswerEvent, AnswerRequest
from app.answer_parts import with_parts
from app.answer_question import Answerer, answer_settings
from app.audit_replay import AuditReplay
from app.audit_retention import Retention
from app.audited_answers import with_audit
from app.border_scores import BorderScores
from app.build_models import (
    build_border_scorer,
    build_encoder,
    build_generator,
    build_next_sentence,
    build_parser,
    build_reader,
    build_reranker,
)
from app.collection_calibration import AskWithout, calibration_finder, search_without
from app.conversation import Answering, with_sessions
from app.embed_document import CutDocument
from app.embed_levels import KeyInfo
from app.ingest_document import cut_document, ingest_document
from app.metrics import Metrics
from app.open_catalog import open_own_catalog
from app.pages import page_finder
from app.readiness import readiness
from app.rule_books import RuleBooks, open_rule_books, rule_compiler
from app.service import Service
from app.settings import Settings
from app.staged_answers import StagedAnswers, fallback_of
from app.tune_collection import collection_weights
from generation.compliance import Gate
from generation.compliance_rules import rules_of
from generation.confidence import Calibration
from generation.evidence import MOST_PASSAGES
from generation.policy_judge import policy_gate
from generation.ports import Generator
from generation.query_writer import QueryWriter
from generation.rules.rule_book import RuleBook
from generation.script_library import ScriptLibrary
from generation.scripts import fallback_texts, load_scripts
from generation.stages import Intents, load_examples
from ingestion.coherence import with_borders_scored
from ingestion.isolated import ParserPool
from ingestion.ports import CoherenceScorer, Progress
from ingestion.records import IngestedDocument, ParseOptions
from ingestion.store.catalog import Catalog, utc_now
from ingestion.strategies import NSP_STRATEGIES, Chunking, choose_chunking
from retrieval.collections_index import CollectionsIndex
from retrieval.document_entry import indexing_identity
from retrieval.explain import explain
from retrieval.fusion_weights import weights_of
from retrieval.manifest import IndexIdentity
from retrieval.recent_vectors import RecentVectors
from retrieval.refine.refined_search import RefinedSearch
from retrieval.search import Searcher
from retrieval.snapshot_keeper import SavePolicy, SnapshotKeeper
from retrieval.snapshots import Snapshots

# PyTorch takes ten seconds to import: functions that load a model do it, so that commands without
# one start at once.
if TYPE_CHECKING:
    from models.encoder import Encoder

logger = logging.getLogger(__name__)

EXAMPLES_FILE = "rule_examples.npz"

Ingest = Callable[[bytes, str, ParseOptions, Progress], IngestedDocument]


def build_service(settings: Settings) -> Service:
    """Start everything behind the routes: catalog, models, indexes that follow the catalog.

    Raises OtherEncoder when another encoder embedded what the catalog holds.
    """
    catalog = open_own_catalog(settings)
    encoder = build_encoder(settings)
    indexes = _indexes(settings, catalog, encoder)
    searcher = build_searcher(settings, catalog, encoder, indexes)
    generator = build_generator(settings)
    scripts, metrics = load_scripts(), Metrics()
    rule_books = build_rule_books(settings, catalog, encoder)
    rule_books.keep_default()
    recent = RecentVectors(encoder)
    library = ScriptLibrary(catalog.scripts, catalog.policies.newest, recent, utc_now)
    gate = policy_gate(library, rules_of(rule_books.of), fallback_texts(scripts))
    refined = build_refined_search(settings, searcher, generator)
    answerer = Answerer(
        refined.search,
        page_finder(catalog.blocks),
        generator,
        gate,
        scripts,
        answer_settings(settings),
        calibration_finder(catalog, settings.refusal_threshold),
        build_reader(settings, encoder),
        fallback=fallback_of(library, metrics.count_failure),
    )
    names = {"encoder": encoder.name, "generator": generator.name if generator else "none"}
    answering = with_parts(answerer.answer) if settings.answer_parts else answerer.answer
    staged = _staged(answering, catalog, recent, library, gate, metrics)
    audited = with_audit(staged, catalog.audit, scripts, names, metrics)
    read = min(settings.top_k, MOST_PASSAGES) if settings.uses_bundled_reader else settings.top_k
    indexes.load()
    keeper = SnapshotKeeper(indexes, SavePolicy(wait=settings.snapshot_seconds))
    keeper.start()
    retention = Retention(catalog.audit.erase, settings.audit_days)

    return Service(
        settings=settings,
        catalog=catalog,
        search=refined.search,
        refined=refined.run,
        explain=partial(explain, searcher, passages_read=read),
        answer=with_sessions(catalog.sessions, audited),
        library=library,
        gate=gate,
        replay=build_replay(settings, catalog, encoder).replay,
        scored_chunks=BorderScores(catalog, lambda: build_border_scorer(settings, encoder)).page,
        embedder=encoder,
        rule_books=rule_books,
        metrics=metrics,
        readiness=lambda: readiness(catalog, generator, indexes),
        refresh=retention.after(library.after(partial(_follow, catalog, indexes))),
        close=partial(_close, generator, keeper, indexes, catalog),
    )


def _close(
    generator: Generator | None, keeper: SnapshotKeeper, indexes: CollectionsIndex, catalog: Catalog
) -> None:
    if generator is not None:
        generator.close()
    keeper.close()
    indexes.close()
    catalog.close()


def _staged(
    answering: Answering,
    catalog: Catalog,
    embedder: RecentVectors,
    library: ScriptLibrary,
    gate: Gate,
    metrics: Metrics,
) -> Answering:
    intents = Intents(load_examples(), embedder)
    staged = StagedAnswers(
        library, intents, catalog.policies, gate, answering, metrics.count_failure
    )
    return staged.answer


def build_searcher(
    settings: Settings, catalog: Catalog, encoder: "Encoder", indexes: CollectionsIndex
) -> Searcher:
    """Return the search of the settings, with the weights that each collection was tuned to.

    These are for both levels, and not looked at where only one is searched.
    """
    whole = replace(weights_of(settings.key_index), rerank_depth=settings.rerank_passages)
    weights = partial(collection_weights, catalog, whole)
    chosen = weights if settings.key_index == "both" else whole
    reranker = build_reranker(settings, encoder)
    return Searcher(indexes, catalog, encoder, chosen, reranker, catalog.synonyms.of)


def build_refined_search(
    settings: Settings, searcher: Searcher, generator: Generator | None
) -> RefinedSearch:
    """Return the search that questions get: the plain one, and what the settings add to it."""
    writer = QueryWriter(generator) if generator else None
    return RefinedSearch(searcher.search, settings.refine, writer, settings.refine_seconds)


def open_search(settings: Settings) -> tuple[Catalog, Searcher, Callable[[], None]]:
    """Return the catalog, its search alone, and what closes both. Raises OtherEncoder."""
    catalog = open_own_catalog(settings)
    encoder = build_encoder(settings)
    indexes = _indexes(settings, catalog, encoder)
    indexes.load()

    def close() -> None:
        indexes.close()
        catalog.close()

    return catalog, build_searcher(settings, catalog, encoder, indexes), close


def open_answering(settings: Settings) -> tuple[Catalog, AskWithout, Callable[[], None]]:
    """Return the catalog, answers that are never shown, and what closes both.

    Nothing is refused as unsure, read as calibrated, vetted or noted. Raises OtherEncoder.
    """
    catalog = open_own_catalog(settings)
    encoder = build_encoder(settings)
    indexes = _indexes(settings, catalog, encoder)
    searcher = build_searcher(settings, catalog, encoder, indexes)
    generator = build_generator(settings)
    scripts = load_scripts()
    reader = build_reader(settings, encoder)
    indexes.load()

    def ask(request: AnswerRequest, withheld: frozenset[str]) -> Iterator[AnswerEvent]:
        answerer = Answerer(
            partial(search_without, searcher.search, withheld),
            page_finder(catalog.blocks),
            generator,
            Gate((), fallback_texts(scripts)),
            scripts,
            answer_settings(settings),
            lambda _collection: Calibration(threshold=0.0),
            reader,
        )
        return answerer.answer(request)

    def close() -> None:
        if generator is not None:
            generator.close()
        indexes.close()
        catalog.close()

    return catalog, ask, close


def build_snapshots(catalog: Catalog, encoder: "Encoder") -> Snapshots:
    """Return the snapshots of the indexes beside a catalog, as this encoder makes them."""
    identity = IndexIdentity(encoder.name, encoder.dimension, indexing_identity())
    return Snapshots(catalog.index_files, identity)


def build_worker(settings: Settings) -> tuple[Catalog, Ingest]:
    """Return what an ingestion worker needs: the catalog and the whole path of ingestion.

    Raises OtherEncoder when another encoder embedded what the catalog holds.
    """
    catalog = open_own_catalog(settings)
    encoder = build_encoder(settings)
    chunking = build_chunking(settings, encoder)
    key_info = build_key_info(settings)
    read = ParserPool([build_parser(settings) for _ in range(settings.jobs_at_once)])

    def ingest(
        content: bytes, name: str, options: ParseOptions, progress: Progress
    ) -> IngestedDocument:
        return ingest_document(
            content,
            name,
            _as_set(settings, options),
            embedder=encoder,
            chunking=chunking,
            key_info=key_info,
            progress=progress,
            read=read,
        )

    return catalog, ingest


def cut_file(
    settings: Settings, content: bytes, name: str, options: ParseOptions
) -> tuple[CutDocument, list[int]]:
    """Return a file in chunks as a worker would cut it, and the tokens of each; stores nothing.

    Raises IngestionError, before any model is loaded where the file cannot be read; ValueError
    where cutting takes a next-sentence model and there is none.
    """
    parser = build_parser(settings)
    document = parser(content, name, _as_set(settings, options), lambda _share: None)
    parser.close()
    encoder = build_encoder(settings)
    scorer = build_border_scorer(settings, encoder)
    cut = cut_document(
        document,
        count_tokens=encoder.count_tokens,
        chunking=_chunking(settings, scorer),
        progress=lambda _stage, _share, _characters=0: None,
    )
    if scorer is not None:
        cut = replace(cut, chunks=with_borders_scored(scorer, cut.chunks))
    return cut, encoder.count_tokens([chunk.text for chunk in cut.chunks])


def build_rule_books(settings: Settings, catalog: Catalog, encoder: "Encoder") -> RuleBooks:
    """Return the compliance rules of all collections. Raises as `open_rule_books`."""
    compiled = build_rule_compiler(settings, encoder)
    return open_rule_books(catalog.rule_sets, settings.rules_file, compiled)


def build_replay(settings: Settings, catalog: Catalog, encoder: "Encoder") -> AuditReplay:
    """Return what plays verdicts of the audit back."""
    scripts = load_scripts()
    return AuditReplay(
        catalog.audit,
        catalog.scripts,
        catalog.policies,
        catalog.rule_sets,
        embedder=encoder,
        compiled=build_rule_compiler(settings, encoder),
        fallbacks=fallback_texts(scripts),
        approved=[script.text for script in scripts],
        versions={"code": version("youju"), "encoder": encoder.name},
    )


def build_rule_compiler(settings: Settings, encoder: "Encoder") -> Callable[[str], RuleBook]:
    """Return what makes compliance rules of a file; vectors are kept beside the models."""
    return rule_compiler(encoder, encoder.name, settings.models_path / EXAMPLES_FILE)


def build_chunking(settings: Settings, encoder: "Encoder | None" = None) -> Chunking:
    """Return how the settings want documents cut. encoder: whose cores and words may be shared.

    Raises ValueError where that takes a next-sentence model and the settings have none.
    """
    needed = settings.chunking in NSP_STRATEGIES
    return _chunking(settings, build_next_sentence(settings, encoder) if needed else None)


def build_key_info(settings: Settings) -> KeyInfo:
    """Return what key information the settings want of every chunk."""
    writer = None
    if settings.key_generator == "generator" and (generator := build_generator(settings)):
        from generation.key_writer import KeyWriter

        writer = KeyWriter(generator)
    by_meaning = settings.keyphrases == "embedding"
    return KeyInfo(by_meaning, writer, settings.key_generator_seconds)


def _indexes(settings: Settings, catalog: Catalog, encoder: "Encoder") -> CollectionsIndex:
    snapshots = build_snapshots(catalog, encoder) if settings.snapshot_seconds else None
    return CollectionsIndex(catalog, encoder.dimension, snapshots)


def _as_set(settings: Settings, options: ParseOptions) -> ParseOptions:
    return replace(options, ocr=options.ocr and settings.ocr, ocr_pages=settings.ocr_pages)


def _chunking(settings: Settings, scorer: CoherenceScorer | None) -> Chunking:
    return choose_chunking(
        settings.chunking, settings.chunk_tokens, scorer, threshold=settings.nsp_threshold
    )


def _follow(catalog: Catalog, indexes: CollectionsIndex) -> None:
    # Vectors of a worker with other settings must not get among those of this encoder.
    catalog.embeddings.refuse_others()
    indexes.refresh()
