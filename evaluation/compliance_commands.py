"""`youju evaluate compliance` and `youju calibrate compliance`."""

import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from app.rule_books import service_rules
from app.settings import Settings
from evaluation.calibration_commands import calibrate_answers
from evaluation.compliance_calibration import choose, topic_curve, with_threshold
from evaluation.compliance_run import (
    Judged,
    Labelled,
    LabelledFileError,
    Part,
    judge_all,
    load_labelled,
    shipped,
    table_rows,
)
from evaluation.report import show_table
from evaluation.script_commands import calibrate_scripts
from generation.rules.rule_book import RuleBook
from generation.rules.rule_file import load_rule_set

COLUMNS = ["sentences", "violations", "let through", "honest", "false blocks"]
calibrate = typer.Typer(no_args_is_help=True, help="Choose thresholds on what is known.")
calibrate.command("answers")(calibrate_answers)
console = Console(highlight=False, markup=False, emoji=False)

LabelledFile = Annotated[
    Path | None,
    typer.Argument(metavar="FILE", help="Labelled sentences, JSONL; default: the held-out half."),
]


def compliance(
    file: LabelledFile = None,
    half: Annotated[Part, typer.Option(help="Which of the sentences that ship.")] = Part.HELD_OUT,
    wrong: Annotated[bool, typer.Option("--wrong", help="Also list what went wrong.")] = False,
    topics: Annotated[bool, typer.Option(help="Load the encoder and judge topics too.")] = True,
) -> None:
    """Count violations that the rules let through, and honest sentences that they hold back."""
    from app.bootstrap import build_rule_compiler
    from app.build_models import build_encoder

    sentences = _load(file) if file else shipped(half)
    settings = Settings()
    book = (
        build_rule_compiler(settings, build_encoder(settings))(service_rules(settings.rules_file))
        if topics
        else RuleBook(load_rule_set(settings.rules_file), None)
    )
    started = time.perf_counter()
    judged = judge_all(book, sentences)
    spent = (time.perf_counter() - started) / max(1, len(judged))
    name = file.name if file else f"{half.value}.jsonl"
    show_table(console, f"Compliance, {name}", COLUMNS, table_rows(judged))
    console.print(f"rule set {book.rules.version}; {1000 * spent:.2f} ms a sentence")
    if wrong:
        for one in judged:
            if one.is_wrong:
                console.print(_told(one))


@calibrate.callback()
def _group() -> None:
    pass


calibrate.command("scripts")(calibrate_scripts)


@calibrate.command("compliance")
def calibrate_compliance(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Labelled sentences, JSONL.")],
    false_blocks: Annotated[
        float, typer.Option(min=0, max=1, help="Most honest sentences that may be held back.")
    ] = 0.05,
    out: Annotated[
        Path | None, typer.Option(help="Write the rules with the chosen threshold here.")
    ] = None,
) -> None:
    """Choose the threshold of topics; print what each would let through and hold back.

    It is chosen on every other sentence and measured on the rest.
    """
    from app.bootstrap import build_rule_compiler
    from app.build_models import build_encoder

    settings = Settings()
    sentences = _load(file)
    content = service_rules(settings.rules_file)
    book = build_rule_compiler(settings, build_encoder(settings))(content)
    try:
        points, rest = topic_curve(book, sentences[::2]), topic_curve(book, sentences[1::2])
    except ValueError as exc:
        console.print(str(exc))
        raise typer.Exit(1) from exc
    rows = [
        [
            f"{one.threshold:.2f}",
            f"{100 * one.let_through:.1f} %",
            f"{100 * one.false_blocks:.1f} %",
        ]
        for one in points
    ]
    show_table(console, "Thresholds", ["threshold", "let through", "false blocks"], rows)
    chosen = choose(points, most_false_blocks=false_blocks)
    other = next(one for one in rest if one.threshold == chosen.threshold)
    console.print(
        f"chosen {chosen.threshold:.2f}; on the other half it lets {100 * other.let_through:.1f} %"
        f" through and holds {100 * other.false_blocks:.1f} % of honest sentences back"
    )
    if out:
        out.write_text(with_threshold(content, chosen.threshold), encoding="utf-8")
        console.print(f"written to {out}; use it as YOUJU_RULES_FILE")


def _load(file: Path) -> list[Labelled]:
    try:
        return load_labelled(file)
    except (LabelledFileError, OSError) as exc:
        console.print(str(exc))
        raise typer.Exit(1) from exc


def _told(one: Judged) -> str:
    labelled, deciding = one.labelled, one.judgement.deciding
    what = f" [{deciding.rule_id}: {deciding.what}]" if deciding else ""
    side = "false block" if labelled.expected == "pass" else "let through"
    return f"{side}: {labelled.language} {labelled.kind} {labelled.category}: {labelled.text}{what}"
