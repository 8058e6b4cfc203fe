"""What matching a sentence with scripts takes: `python -m evaluation.script_cost [SCRIPTS]`."""

import json
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from app.build_models import build_encoder
from app.script_files import read_scripts
from app.script_import import starter_file
from app.settings import Settings
from evaluation.compliance_run import Part
from evaluation.script_match_run import library_of, shipped_sentences
from generation.prompt import Language
from generation.script_library import Embedder
from ingestion.store.scripts import ScriptDraft
from retrieval.dense import Vectors

LANGUAGE: Language = "zh"
_SCATTER = 0.02  # a step of about so much in each direction, so that no two vectors are the same


class TimedEmbedder:
    """The real encoder for single sentences; near copies of a few real vectors for scripts.

    Embedding 10,000 scripts takes minutes, and is not what is measured.
    """

    def __init__(self, encoder: Embedder, patterns: Sequence[str]) -> None:
        self._encoder = encoder
        self.name = "timed"
        self.dimension = encoder.dimension
        self.seconds = list[float]()
        self._known = dict(zip(patterns, encoder.embed_queries(patterns), strict=True))
        self._random = np.random.default_rng(7)

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """Return one unit row per text; of one text, timed."""
        if len(texts) == 1:
            began = time.perf_counter()
            made = self._encoder.embed_queries(texts)
            self.seconds.append(time.perf_counter() - began)
            return made
        rows = np.stack([self._known[text.rpartition(" ")[0]] for text in texts])
        rows += self._random.normal(0.0, _SCATTER, rows.shape).astype(np.float32)
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def script_cost(scripts: int, encoder: Embedder) -> dict[str, float]:
    """Return p50 and p95 of matching in milliseconds: the embedding, and all the rest.

    The library holds the Chinese starter set again and again, each copy with a number of its own,
    until it has so many scripts; the held-out sentences are matched, each for the first time. As
    every copy differs in its number, all that are near are compared, which is the worst case. The
    processor's time is that of the whole process, and does not grow with what else is running.
    """
    starter, _, _ = read_scripts(starter_file(), "starter.json")
    # Fallbacks have no variants, as they are never matched.
    drafts = [one for one in starter if one.language == LANGUAGE and one.variants]
    sentences = [one for one in shipped_sentences(Part.HELD_OUT) if one.language == LANGUAGE]
    timed = TimedEmbedder(encoder, [text for one in drafts for text in (one.text, *one.variants)])
    began = time.perf_counter()
    with library_of(
        [_copy(drafts[at % len(drafts)], at) for at in range(scripts)], timed
    ) as library:
        loaded = time.perf_counter() - began
        began = time.perf_counter()
        library.read_ahead(scripts)
        read = time.perf_counter() - began
        timed.seconds.clear()
        whole, following, spent = list[float](), list[float](), list[float]()
        for one in sentences:
            began, used = time.perf_counter(), time.process_time()
            library.follow()
            following.append(time.perf_counter() - began)
            library.nearest(one.text, collection="shop", language=one.language, limit=1)
            whole.append(time.perf_counter() - began)
            spent.append(time.process_time() - used)
    rest = [all_of_it - model for all_of_it, model in zip(whole, timed.seconds, strict=True)]
    return {
        "scripts": scripts,
        "wordings": sum(1 + len(drafts[at % len(drafts)].variants) for at in range(scripts)),
        "sentences": len(whole),
        "load_seconds": round(loaded, 1),
        "read_seconds": round(read, 1),
        "follow_ms_p50": _milliseconds(following, 50),
        "embedding_ms_p50": _milliseconds(timed.seconds, 50),
        "embedding_ms_p95": _milliseconds(timed.seconds, 95),
        "rest_ms_p50": _milliseconds(rest, 50),
        "rest_ms_p95": _milliseconds(rest, 95),
        "whole_ms_p50": _milliseconds(whole, 50),
        "whole_ms_p95": _milliseconds(whole, 95),
        "whole_processor_ms_p50": _milliseconds(spent, 50),
    }


def _copy(draft: ScriptDraft, number: int) -> ScriptDraft:
    return replace(
        draft,
        script_id=f"copy-{number}",
        text=f"{draft.text} {number}",
        variants=tuple(f"{text} {number}" for text in draft.variants),
    )


def _milliseconds(seconds: Sequence[float], percent: int) -> float:
    return round(statistics.quantiles(seconds, n=100)[percent - 1] * 1000, 2)


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    sys.stdout.write(json.dumps(script_cost(count, build_encoder(Settings()))) + "\n")
