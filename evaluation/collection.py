"""Collections ingested for a run, kept between runs: the same corpus is embedded once."""

import hashlib
import json
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from app.open_catalog import name_of_encoder
from app.settings import Settings
from evaluation.baselines import Windows, embed_windows, plain_windows
from evaluation.bulk_ingestion import source_file
from evaluation.datasets import CorpusDocument, fingerprint
from evaluation.progress import StageProgress
from evaluation.subject import Subject, TextEncoder
from ingestion.records import Vectors
from ingestion.store.uploads import document_id_of

COLLECTION = "evaluation"
_FACTS = "evaluation.json"
# To what is stored. What a search makes of it, `key_index` for one, is another matter.
_SETTINGS_THAT_MATTER = (
    "encoder",
    "chunk_tokens",
    "chunking",
    "nsp_model",
    "nsp_threshold",
    "nsp_temperature",
    "keyphrases",
    "key_generator",
)
_OF_THE_KEY_GENERATOR = ("generator_url", "generator_model", "key_generator_seconds")
_PIPELINE_PACKAGES = ("ingestion", "models")

OpenSubject = Callable[[Settings], Subject]
"""Opens the service on the state below the settings' data directory."""


@dataclass(frozen=True, slots=True)
class CollectionFacts:
    """How a collection came about. `pipeline` is a hash of the code that built it."""

    documents: int
    chunks: int
    failures: tuple[tuple[str, str], ...]
    seconds: float
    pipeline: str


@dataclass(frozen=True, slots=True)
class ServedCollection:
    """An ingested corpus and the service that answers from it; the caller closes that.

    corpus_ids: corpus id by the service's document id. reused: nothing was ingested this time.
    outdated: it is reused and the code that builds collections has changed since.
    """

    subject: Subject
    corpus_ids: Mapping[str, str]
    facts: CollectionFacts
    reused: bool
    outdated: bool


@dataclass(frozen=True, slots=True)
class PlainVectors:
    """The baseline's vectors, and how long embedding alone took for them."""

    windows: Windows
    vectors: Vectors
    seconds: float
    reused: bool


def serve_collection(
    documents: Sequence[CorpusDocument],
    settings: Settings,
    folder: Path,
    open_subject: OpenSubject,
    *,
    reuse: bool,
    progress: StageProgress,
) -> ServedCollection:
    """Ingest the corpus below `folder`, or find it there from an earlier run; serve it.

    A collection is found by its documents and the settings that shape it. What an interrupted
    run left, and with `reuse` false what any left, is ingested anew.
    """
    home = folder / collection_key(documents, settings)
    known = _read_facts(home) if reuse else None
    if known is None:
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
    subject = open_subject(settings_for(settings, home))
    facts = known or _ingest(documents, subject, progress)
    if known is None:
        _write_facts(home, facts)
    names = {document_id_of(COLLECTION, source_file(d).name): d.id for d in documents}
    outdated = known is not None and known.pipeline != pipeline_hash()
    return ServedCollection(subject, names, facts, known is not None, outdated)


def prepare_plain_vectors(
    documents: Sequence[CorpusDocument],
    settings: Settings,
    folder: Path,
    encoder: TextEncoder,
    *,
    reuse: bool,
    progress: StageProgress,
) -> PlainVectors:
    """Embed the corpus bare, or find its vectors from an earlier run, below `folder`."""
    windows = plain_windows(documents, encoder)
    path = folder / f"plain-{_digest(fingerprint(documents), _published(settings))}.npz"
    if reuse and path.is_file():
        with np.load(path) as stored:
            if len(stored["vectors"]) == len(windows.texts):
                return PlainVectors(windows, stored["vectors"], float(stored["seconds"]), True)
    start = time.perf_counter()
    vectors = embed_windows(
        windows, encoder, lambda done, total: progress("embedding alone", done, total)
    )
    seconds = time.perf_counter() - start
    folder.mkdir(parents=True, exist_ok=True)
    half_written = path.with_suffix(".part.npz")
    np.savez(half_written, vectors=vectors, seconds=np.float64(seconds))
    half_written.replace(path)
    return PlainVectors(windows, vectors, seconds, False)


def collection_key(documents: Sequence[CorpusDocument], settings: Settings) -> str:
    """Return 16 hex digits that name a collection: its documents and the settings that shape it."""
    is_written = settings.key_generator != "off"
    names = (*_SETTINGS_THAT_MATTER, *(_OF_THE_KEY_GENERATOR if is_written else ()))
    chosen = [f"{name}={getattr(settings, name)}" for name in names]
    # Trained anew, the encoder of the same setting is another.
    chosen += [name_of_encoder(settings)] if settings.encoder == "bundled" else []
    return _digest(fingerprint(documents), *chosen)


def settings_for(settings: Settings, home: Path) -> Settings:
    """Return the settings with state below `home`; prepared models stay where they are."""
    return settings.model_copy(
        update={
            "data_dir": home,
            "models_dir": settings.models_path,
            "default_collection": COLLECTION,
        }
    )


def pipeline_hash() -> str:
    """Return 16 hex digits over the source code of what shapes a collection."""
    root = Path(__file__).parent.parent
    sources = [path for name in _PIPELINE_PACKAGES for path in sorted((root / name).rglob("*.py"))]
    return _digest(*(path.read_text(encoding="utf-8") for path in sources))


def _ingest(
    documents: Sequence[CorpusDocument], subject: Subject, progress: StageProgress
) -> CollectionFacts:
    files = [source_file(document) for document in documents]
    start = time.perf_counter()
    made = subject.ingest(files, lambda done, total: progress("ingestion", done, total))
    seconds = time.perf_counter() - start
    return CollectionFacts(made.documents, made.chunks, made.failures, seconds, pipeline_hash())


def _read_facts(home: Path) -> CollectionFacts | None:
    try:
        stored = json.loads((home / _FACTS).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    facts = CollectionFacts(**stored)
    return replace(facts, failures=tuple((name, reason) for name, reason in facts.failures))


def _write_facts(home: Path, facts: CollectionFacts) -> None:
    path = home / _FACTS
    half_written = path.with_suffix(".part")
    half_written.write_text(json.dumps(asdict(facts), ensure_ascii=False), encoding="utf-8")
    half_written.replace(path)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _published(settings: Settings) -> str:
    """Return the name of the encoder that the baseline uses, whatever was trained on it here."""
    return "bundled-plain" if settings.encoder == "bundled" else settings.encoder
