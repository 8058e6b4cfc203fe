"""A training recipe: which files give how many samples, and with which hyperparameters."""

import json
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from generation.prompt import Language
from training.data.grounded_qa import Mixture, Sample, build_samples
from training.sft import SftSettings


@dataclass(frozen=True, slots=True)
class Source:
    """A SQuAD-form file, relative to the data folder, and what to take from it."""

    file: str
    language: Language
    count: int
    unanswerable: float
    hold_out: int


@dataclass(frozen=True, slots=True)
class Recipe:
    """All that a training run depends on, but for the data itself."""

    sources: tuple[Source, ...]
    settings: SftSettings


class RecipeError(ValueError):
    """The recipe is not as it should be; says where."""


def read_recipe(path: Path) -> Recipe:
    """Read a recipe. Raises RecipeError that names what is wrong."""
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        sources = tuple(Source(**source) for source in content["sources"])
        return Recipe(sources, SftSettings(**content.get("settings", {})))
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise RecipeError(f"{path.name}: {exc}") from exc


def collect_samples(recipe: Recipe, data: Path) -> list[Sample]:
    """Build the samples of all sources, shuffled. Raises RecipeError if a file is missing."""
    samples: list[Sample] = []
    for source in recipe.sources:
        path = data / source.file
        if not path.is_file():
            raise RecipeError(f"{source.file} is not in {data}")
        samples.extend(
            build_samples(
                path,
                source.language,
                source.count,
                seed=recipe.settings.seed,
                mixture=Mixture(unanswerable=source.unanswerable),
                hold_out=source.hold_out,
            )
        )
    random.Random(recipe.settings.seed).shuffle(samples)
    return samples
