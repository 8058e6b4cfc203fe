"""The models and parsers that the settings name: settings in, what is ready to be used out."""

import logging
import os
from typing import TYPE_CHECKING

from app.settings import Settings
from generation.ports import EvidenceReader, Generator
from ingestion.isolated import IsolatedParser
from ingestion.ports import CoherenceScorer
from models.bundled import (
    Report,
    adapter_path,
    embedder_path,
    next_sentence_path,
    prepare_encoder,
    prepare_generator,
    reader_path,
    reranker_path,
)
from models.errors import CorruptModel, MissingModelPackage
from retrieval.ports import PairScorer

# PyTorch takes ten seconds to import: functions that load a model do it, so that commands without
# one start at once.
if TYPE_CHECKING:
    from models.encoder import Encoder

logger = logging.getLogger(__name__)


def prepare_models(settings: Settings, report: Report) -> None:
    """Make the bundled models ready that the settings ask for. Raises as `models.bundled`."""
    if settings.has_bundled_trunk or settings.uses_bundled_reader or settings.reranker == "bundled":
        prepare_encoder(settings.models_path, report)
    if settings.uses_bundled_generator:
        prepare_generator(settings.models_path, report)


def build_encoder(settings: Settings) -> "Encoder":
    """Load the encoder that the settings name; the bundled one is prepared where it is missing."""
    # PyTorch's threads would wait for work in busy loops, on cores that the event loop, a worker
    # or another question need. Read when its libraries are loaded.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    from models.cores import Cores
    from models.encoder import Encoder

    model = (
        prepare_encoder(settings.models_path, lambda _line: None)
        if settings.has_bundled_trunk
        else settings.encoder
    )
    return Encoder(
        model,
        adapter=embedder_path() if settings.encoder == "bundled" else None,
        batch_size=settings.encoder_batch,
        cores=Cores(settings.threads),
    )


def build_reader(settings: Settings, encoder: "Encoder") -> EvidenceReader | None:
    """Return the reader that the settings name; None: sentences are judged by shared words.

    encoder: what it shares words and tokenizer with, if it can. The bundled reader was trained on
    the bundled encoder's trunk.
    """
    if not settings.uses_bundled_reader:
        return None
    from models.cores import Cores
    from models.reader import Reader

    trunk = prepare_encoder(settings.models_path, lambda _line: None)
    shared = encoder.shared if settings.has_bundled_trunk else None
    return Reader(trunk, reader_path(), Cores(settings.threads), shared)


def build_reranker(settings: Settings, encoder: "Encoder") -> PairScorer | None:
    """Return what orders the best passages anew, as the settings name it; None: nothing does.

    encoder: what it shares words, tokenizer and cores with, if it can.
    """
    if settings.reranker == "none":
        return None
    if settings.reranker != "bundled":
        from models.published_pair_scorer import PublishedPairScorer

        return PublishedPairScorer(settings.reranker)
    from models.pair_scorer import PairScorer as BundledPairScorer

    trunk = prepare_encoder(settings.models_path, lambda _line: None)
    shared = encoder.shared if settings.has_bundled_trunk else None
    return BundledPairScorer(trunk, reranker_path(), encoder.cores, shared)


def build_generator(settings: Settings) -> Generator | None:
    """Return the generator that the settings name; None: answers are extracts."""
    if settings.generator_url:
        from generation.chat import ChatGenerator

        return ChatGenerator(
            settings.generator_url,
            settings.generator_model,
            settings.generator_key,
            timeout_seconds=settings.generator_timeout_seconds,
        )
    if not settings.uses_bundled_generator:
        return None
    from generation.local import BundledGenerator
    from models.generator import LocalGenerator

    path = prepare_generator(settings.models_path, lambda _line: None)
    model = LocalGenerator(path, adapter_path(), threads=settings.threads)
    if settings.drafting == "generate":
        model.load()
    return BundledGenerator(model)


def build_border_scorer(
    settings: Settings, encoder: "Encoder | None" = None
) -> CoherenceScorer | None:
    """Load the next-sentence model for people to see its probabilities; None: there is none.

    What is shown besides must not keep the chunks themselves from being shown.
    """
    try:
        return build_next_sentence(settings, encoder)
    except (MissingModelPackage, CorruptModel, OSError, ValueError) as exc:
        logger.warning("borders are not scored: %s", exc)
        return None


def build_next_sentence(
    settings: Settings, encoder: "Encoder | None" = None
) -> CoherenceScorer | None:
    """Load the next-sentence model that the settings name; None: they name none."""
    if settings.nsp_model == "none":
        return None
    from models.cores import Cores
    from models.next_sentence import published_next_sentence, trained_next_sentence

    cores = encoder.cores if encoder is not None else Cores(settings.threads)
    if settings.nsp_model != "bundled":
        return published_next_sentence(
            settings.nsp_model, temperature=settings.nsp_temperature, cores=cores
        )
    trunk = prepare_encoder(settings.models_path, lambda _line: None)
    shared = encoder.shared if encoder is not None and settings.has_bundled_trunk else None
    return trained_next_sentence(trunk, next_sentence_path(), shared=shared, cores=cores)


def build_parser(settings: Settings) -> IsolatedParser:
    """Return what reads files in a process of its own, within the settings' limits."""
    return IsolatedParser(
        memory_bytes=settings.parse_memory_bytes,
        seconds=settings.parse_seconds,
        stall_seconds=settings.parse_stall_seconds,
    )
