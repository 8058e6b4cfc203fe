"""A training recipe: which files give how many samples, and with which hyperparameters."""

import json
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from generation.prompt import Language
from training.data.grounded_qa import Mixture, Sample, build_samples
from training.data.ranking import Neighbours, Ranking, RankingSource, build_rankings
from training.data.reading import Reading, build_readings
from training.data.sentence_pairs import SentencePair, TextSource, build_pairs, read_unseen
from training.timed_run import TimedSettings


@dataclass(frozen=True, slots=True)
class Source:
    """A SQuAD-form file, relative to the data folder, and what to take from it.

    near_misses: for readings only, see `build_readings`.
    """

    file: str
    language: Language
    count: int
    unanswerable: float
    hold_out: int
    near_misses: float = 0.0


Settings = TypeVar("Settings", bound=TimedSettings)
Drawn = TypeVar("Drawn")
From = TypeVar("From", Source, TextSource, RankingSource)


@dataclass(frozen=True, slots=True)
class Recipe(Generic[From, Settings]):
    """All that a training run depends on, but for the data itself.

    unseen: files and folders, relative to the data folder, that something is measured on: no
    document that shares a sentence with them gives a pair of sentences.
    """

    sources: tuple[From, ...]
    settings: Settings
    unseen: tuple[str, ...] = ()


class RecipeError(ValueError):
    """The recipe is not as it should be; says where."""


def read_recipe(path: Path, source: type[From], form: type[Settings]) -> Recipe[From, Settings]:
    """Read a recipe whose sources and settings are of the given forms.

    Raises RecipeError that names what is wrong.
    """
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        sources = tuple(source(**entry) for entry in content["sources"])
        return Recipe(
            sources, form(**content.get("settings", {})), tuple(content.get("unseen", ()))
        )
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise RecipeError(f"{path.name}: {exc}") from exc


def collect_samples(recipe: Recipe[Source, Settings], data: Path) -> list[Sample]:
    """Build the generator's samples, shuffled. Raises RecipeError if a file is missing."""
    return _collect(
        recipe,
        data,
        lambda path, source, seed: build_samples(
            path,
            source.language,
            source.count,
            seed=seed,
            mixture=Mixture(unanswerable=source.unanswerable),
            hold_out=source.hold_out,
        ),
    )


def collect_readings(recipe: Recipe[Source, Settings], data: Path) -> list[Reading]:
    """Build the reader's samples, shuffled. Raises RecipeError if a file is missing."""
    return _collect(
        recipe,
        data,
        lambda path, source, seed: build_readings(
            path,
            source.language,
            source.count,
            seed=seed,
            unanswerable=source.unanswerable,
            near_misses=source.near_misses,
            hold_out=source.hold_out,
        ),
    )


def collect_rankings(
    recipe: Recipe[RankingSource, Settings], data: Path, neighbours: Neighbours | None
) -> list[Ranking]:
    """Build questions with passages, shuffled. Raises RecipeError if a file is missing.

    neighbours: finds hard passages for questions with judgements, beside BM25.
    """
    return _collect(
        recipe,
        data,
        lambda path, source, seed: build_rankings(path, source, seed=seed, neighbours=neighbours),
    )


def collect_pairs(recipe: Recipe[TextSource, Settings], data: Path) -> list[SentencePair]:
    """Build pairs of sentences, shuffled. Raises RecipeError if a file is missing."""
    for name in recipe.unseen:
        if not (data / name).exists():
            raise RecipeError(f"{name} is not in {data}")
    unseen = read_unseen([data / name for name in recipe.unseen])
    return _collect(
        recipe,
        data,
        lambda path, source, seed: build_pairs(path, source, seed=seed, unseen=unseen),
    )


def _collect(
    recipe: Recipe[From, Settings], data: Path, draw: Callable[[Path, From, int], Iterable[Drawn]]
) -> list[Drawn]:
    drawn: list[Drawn] = []
    for source in recipe.sources:
        path = data / source.file
        if not path.exists():
            raise RecipeError(f"{source.file} is not in {data}")
        drawn.extend(draw(path, source, recipe.settings.seed))
    random.Random(recipe.settings.seed).shuffle(drawn)
    return drawn
