"""`youju train …`: fine-tune what the service adds to the models that it runs on."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer
from rich.console import Console

from app.settings import Settings

if TYPE_CHECKING:
    from training.data.ranking import Ranking
    from training.timed_run import TimedSettings

RankingSettings = TypeVar("RankingSettings", bound="TimedSettings")

app = typer.Typer(no_args_is_help=True, help="Fine-tune the models.")
messages = Console(stderr=True, highlight=False)


RecipeFile = Annotated[Path, typer.Argument(help="What to train on: training/recipes/….json.")]
DataFolder = Annotated[Path, typer.Option(help="Folder that the recipe's files are in.")]
OutFolder = Annotated[Path, typer.Option(help="Where adapter, log and checkpoints go.")]


@app.callback()
def train() -> None:
    """Fine-tune the models."""


@app.command()
def sft(recipe: RecipeFile, data: DataFolder, out: OutFolder) -> None:
    """Train a LoRA adapter of the generator; called again, an interrupted run goes on."""
    # Heavy, and the command line loads this module also for its other commands.
    from models.bundled import prepare_generator_weights
    from training.export import export_gguf
    from training.recipe import Source, collect_samples, read_recipe
    from training.sft import SftSettings
    from training.sft import train as train_adapter

    with _explained():
        plan = read_recipe(recipe, Source, SftSettings)
        samples = collect_samples(plan, data)
    messages.print(f"{len(samples)} samples")
    base = prepare_generator_weights(Settings().models_path, messages.print)
    train_adapter(base, samples, out, plan.settings, messages.print)
    export_gguf(out, out / "adapter.gguf", name=recipe.stem)
    messages.print(f"{out}/adapter.gguf is for the in-process runner, {out} for vLLM")


@app.command()
def reader(
    recipe: RecipeFile,
    data: DataFolder,
    out: OutFolder,
    begin: Annotated[
        Path | None, typer.Option(help="A reader to go on from; default: none, a fresh one.")
    ] = None,
) -> None:
    """Train the reader that finds answers in passages; an interrupted run goes on."""
    # Heavy, and the command line loads this module also for its other commands.
    from models.bundled import prepare_encoder
    from training.reader import ReaderSettings
    from training.reader import train as train_reader
    from training.recipe import Source, collect_readings, read_recipe

    with _explained():
        plan = read_recipe(recipe, Source, ReaderSettings)
        readings = collect_readings(plan, data)
    messages.print(f"{len(readings)} questions")
    base = prepare_encoder(Settings().models_path, messages.print)
    file = train_reader(base, readings, out, plan.settings, messages.print, begin=begin)
    messages.print(f"{file} is the reader")


@app.command()
def reranker(
    recipe: RecipeFile,
    data: DataFolder,
    out: OutFolder,
    begin: Annotated[
        Path | None, typer.Option(help="An adapter to go on from; default: the bundled reader.")
    ] = None,
) -> None:
    """Train what ranks passages by reading them with the question; an interrupted run goes on."""
    # Heavy, and the command line loads this module also for its other commands.
    from models.bundled import reader_path
    from training.reranker import RerankerSettings
    from training.reranker import train as train_reranker

    base, rankings, settings = _rankings(recipe, data, RerankerSettings)
    file = train_reranker(
        base, rankings, out, settings, messages.print, begin=begin or reader_path()
    )
    messages.print(f"{file} is the reranker")


@app.command()
def embedder(recipe: RecipeFile, data: DataFolder, out: OutFolder) -> None:
    """Tune the encoder for search on questions and passages; an interrupted run goes on."""
    # Heavy, and the command line loads this module also for its other commands.
    from training.embedder import EmbedderSettings
    from training.embedder import train as train_embedder

    base, rankings, settings = _rankings(recipe, data, EmbedderSettings)
    file = train_embedder(base, rankings, out, settings, messages.print)
    messages.print(f"{file} is what the encoder learnt")


@app.command()
def nsp(recipe: RecipeFile, data: DataFolder, out: OutFolder) -> None:
    """Train what tells where a text turns; an interrupted run goes on."""
    # Heavy, and the command line loads this module also for its other commands.
    from models.bundled import prepare_encoder
    from training.data.sentence_pairs import TextSource
    from training.nsp import NspSettings
    from training.nsp import train as train_nsp
    from training.recipe import collect_pairs, read_recipe

    with _explained():
        plan = read_recipe(recipe, TextSource, NspSettings)
        pairs = collect_pairs(plan, data)
    messages.print(f"{len(pairs)} pairs")
    base = prepare_encoder(Settings().models_path, messages.print)
    file = train_nsp(base, pairs, out, plan.settings, messages.print)
    messages.print(f"{file} tells how well sentences follow each other")


def _rankings(
    recipe: Path, data: Path, form: type[RankingSettings]
) -> "tuple[Path, list[Ranking], RankingSettings]":
    """Return the plain encoder's folder, the recipe's samples and its settings."""
    from models.bundled import prepare_encoder
    from models.encoder import Encoder
    from training.data.neighbours import nearest_by
    from training.data.ranking import RankingSource
    from training.recipe import collect_rankings, read_recipe

    base = prepare_encoder(Settings().models_path, messages.print)
    with _explained():
        plan = read_recipe(recipe, RankingSource, form)
        found = collect_rankings(plan, data, nearest_by(Encoder(base), messages.print))
    messages.print(f"{len(found)} questions")
    return base, found, plan.settings


@contextmanager
def _explained() -> Iterator[None]:
    """End the command with what is wrong with a recipe."""
    from training.recipe import RecipeError

    try:
        yield
    except RecipeError as exc:
        messages.print(str(exc), style="red", markup=False)
        raise typer.Exit(1) from exc
