"""`youju train sft|reader|nsp RECIPE`: train what the service adds to the models it runs on."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from app.settings import Settings

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
def reader(recipe: RecipeFile, data: DataFolder, out: OutFolder) -> None:
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
    file = train_reader(base, readings, out, plan.settings, messages.print)
    messages.print(f"{file} is the reader")


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


@contextmanager
def _explained() -> Iterator[None]:
    """End the command with what is wrong with a recipe."""
    from training.recipe import RecipeError

    try:
        yield
    except RecipeError as exc:
        messages.print(str(exc), style="red", markup=False)
        raise typer.Exit(1) from exc
