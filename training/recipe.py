"""A training recipe: which files give how many samples, and with which hyperparameters."""

import json
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from generation.prompt import Language
from training.data.grounded_qa import Mixture, Sample, build_samples
from training.data.reading import Reading, build_readings
from training.timed_run import TimedSettings


@dataclass(frozen=True, slots=True)
class Source:
    """A SQuAD-form file, relative to the data folder, and what to take from it."""

    file: str
    language: Language
    count: int
    unanswerable: float
    hold_out: int


Settings = TypeVar("Settings", bound=TimedSettings)
Drawn = TypeVar("Drawn")


@dataclass(frozen=True, slots=True)
class Recipe(Generic[Settings]):
    """All that a training run depends on, but for the data itself."""

    sources: tuple[Source, ...]
    settings: Settings


class RecipeError(ValueError):
    """The recipe is not as it should be; says where."""


def read_recipe(path: Path, form: type[Settings]) -> Recipe[Settings]:
    """Read a recipe whose settings are of the given form.

    Raises RecipeError that names what is wrong.
    """
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        sources = tuple(Source(**source) for source in content["sources"])
        return Recipe(sources, form(**content.get("settings", {})))
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise RecipeError(f"{path.name}: {exc}") from exc


def collect_samples(recipe: Recipe[Settings], data: Path) -> list[Sample]:
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


def collect_readings(recipe: Recipe[Settings], data: Path) -> list[Reading]:
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
            hold_out=source.hold_out,
        ),
    )


def _collect(
    recipe: Recipe[Settings], data: Path, draw: Callable[[Path, Source, int], Iterable[Drawn]]
) -> list[Drawn]:
    drawn: list[Drawn] = []
    for source in recipe.sources:
        path = data / source.file
        if not path.is_file():
            raise RecipeError(f"{source.file} is not in {data}")
        drawn.extend(draw(path, source, recipe.settings.seed))
    random.Random(recipe.settings.seed).shuffle(drawn)
    return drawn
