"""`youju train sft RECIPE`: fine-tune the generator and write both forms of its adapter."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from app.settings import Settings

app = typer.Typer(no_args_is_help=True, help="Fine-tune the models.")
messages = Console(stderr=True, highlight=False)


@app.callback()
def train() -> None:
    """Fine-tune the models."""


@app.command()
def sft(
    recipe: Annotated[Path, typer.Argument(help="What to train on, e.g. grounded-qa.json.")],
    data: Annotated[Path, typer.Option(help="Folder that the recipe's files are in.")],
    out: Annotated[Path, typer.Option(help="Where adapter, log and checkpoints go.")],
) -> None:
    """Train a LoRA adapter of the generator; called again, an interrupted run goes on."""
    # Heavy, and the command line loads this module also for its other commands.
    from models.bundled import prepare_generator_weights
    from training.export import export_gguf
    from training.recipe import RecipeError, collect_samples, read_recipe
    from training.sft import train as train_adapter

    try:
        plan = read_recipe(recipe)
        samples = collect_samples(plan, data)
    except RecipeError as exc:
        messages.print(str(exc), style="red", markup=False)
        raise typer.Exit(1) from exc
    messages.print(f"{len(samples)} samples")
    base = prepare_generator_weights(Settings().models_path, messages.print)
    train_adapter(base, samples, out, plan.settings, messages.print)
    export_gguf(out, out / "adapter.gguf", name=recipe.stem)
    messages.print(f"{out}/adapter.gguf is for the in-process runner, {out} for vLLM")
