"""`youju evaluate scripts` and `youju calibrate scripts`."""

import json
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from app.script_files import read_scripts
from app.script_import import starter_file
from app.settings import Settings
from evaluation.compliance_run import LabelledFileError, Part
from evaluation.report import show_table
from evaluation.script_calibration import (
    Point,
    choose,
    curve,
    fit_weights,
    of_stage,
    scored_anew,
)
from evaluation.script_match_run import (
    Found,
    ScriptSentence,
    find_all,
    is_matched,
    library_of,
    load_sentences,
    shipped_sentences,
    table_rows,
)
from generation.policy import DEFAULT_THRESHOLD, Mode, Policy
from generation.script_match import FITTED
from ingestion.store.scripts import ScriptDraft

COLUMNS = ["sentences", "number", "right first", "right and matched", "matched"]
CURVE = ["threshold", "right and matched", "near misses matched", "unrelated matched"]
WEIGHTS = [
    "weights",
    "bias",
    "cosine",
    "covered",
    "foreign",
    "right and matched",
    "near misses matched",
]
_FEW = 100  # sentences of a stage; a threshold chosen on fewer says little
console = Console(highlight=False, markup=False, emoji=False)

SentenceFile = Annotated[
    Path | None, typer.Argument(metavar="FILE", help="Labelled sentences, JSONL; default: ours.")
]
ScriptFile = Annotated[
    Path | None, typer.Option("--scripts", help="Scripts to match, as imported; default: starter.")
]


def evaluate_scripts(
    file: SentenceFile = None,
    half: Annotated[Part, typer.Option(help="Which of the sentences that ship.")] = Part.HELD_OUT,
    scripts: ScriptFile = None,
    threshold: Annotated[
        float, typer.Option(min=0, max=1, help="Least score of a match.")
    ] = DEFAULT_THRESHOLD,
    wrong: Annotated[bool, typer.Option("--wrong", help="Also list what went wrong.")] = False,
) -> None:
    """Count sentences that find their script, and those that find one though they must not."""
    sentences = _load(file, half)
    found = _found(sentences, scripts)
    policy = Policy(threshold=threshold)
    name = file.name if file else f"scripts_{half.value}.jsonl"
    show_table(console, f"Scripts, {name}", COLUMNS, table_rows(found, policy))
    spent = statistics.median(one.seconds for one in found) if found else 0.0
    console.print(f"threshold {threshold:.2f}; median {1000 * spent:.1f} ms a sentence")
    for one in found if wrong else ():
        if is_matched(one, policy) is not one.sentence.should_match or (
            one.sentence.should_match and not one.right_first
        ):
            console.print(_told(one))


def calibrate_scripts(
    file: SentenceFile = None,
    scripts: ScriptFile = None,
    near_misses: Annotated[
        float, typer.Option(min=0, max=1, help="Most near misses that may match.")
    ] = 0.1,
    unrelated: Annotated[
        float, typer.Option(min=0, max=1, help="Most unrelated sentences that may match.")
    ] = 0.01,
    mode: Annotated[Mode, typer.Option(help="Mode of the policy that is written.")] = Mode.HYBRID,
    out: Annotated[Path | None, typer.Option(help="Write a policy with the thresholds.")] = None,
) -> None:
    """Fit the scores of scripts, and choose thresholds; print what each threshold would match.

    Ours are fitted on one half and measured on the other; of a file every other sentence is.
    """
    if file is None:
        mine, rest = _load(None, Part.FIT), _load(None, Part.HELD_OUT)
    else:
        both = _load(file, Part.FIT)
        mine, rest = both[::2], both[1::2]
    found = _found([*mine, *rest], scripts)
    fitting, held = found[: len(mine)], found[len(mine) :]
    _show_weights(fitting, held)
    points, checked = curve(fitting), curve(held)
    bounds = {"most_near_misses": near_misses, "most_unrelated": unrelated}
    show_table(console, "Thresholds, on the sentences not used", CURVE, [_row(p) for p in checked])
    chosen = choose(points, **bounds)
    if chosen is None:
        console.print("no threshold keeps within the bounds")
        raise typer.Exit(1)
    other = next(one for one in checked if one.threshold == chosen.threshold)
    console.print(f"chosen {chosen.threshold:.2f}; on the others: {_in_words(other)}")
    by_stage: dict[str, float] = {}
    for stage in dict.fromkeys(one.stage for one in fitting if one.stage):
        own = of_stage(fitting, stage)
        point = choose(curve(own), **bounds)
        if point is None or sum(one.stage == stage for one in own) < _FEW:
            continue
        by_stage[stage] = point.threshold
        seen = next(p for p in curve(of_stage(held, stage)) if p.threshold == point.threshold)
        console.print(f"stage {stage} {point.threshold:.2f}; on the others: {_in_words(seen)}")
    if out:
        policy = {"mode": mode.value, "threshold": chosen.threshold, "thresholds": by_stage}
        out.write_text(json.dumps(policy, indent=1) + "\n", encoding="utf-8")
        console.print(f"written to {out}; put it as the policy of a collection")


def _show_weights(fitting: Sequence[Found], held: Sequence[Found]) -> None:
    try:
        fitted = fit_weights(fitting)
    except ValueError as exc:
        console.print(str(exc))
        raise typer.Exit(1) from exc
    rows = [
        [
            name,
            f"{one.bias:.1f}",
            f"{one.cosine:.1f}",
            f"{one.covered:.1f}",
            f"{one.foreign:.2f}",
            *_at_default(seen),
        ]
        for name, one, seen in (
            ("in use", FITTED, held),
            ("fitted here", fitted, scored_anew(held, fitted)),
        )
    ]
    show_table(console, "Weights, and what they match of the sentences not used", WEIGHTS, rows)


def _at_default(found: Sequence[Found]) -> list[str]:
    point = min(curve(found), key=lambda one: abs(one.threshold - DEFAULT_THRESHOLD))
    return [f"{100 * point.right:.1f} %", f"{100 * point.near_misses:.1f} %"]


def _row(point: Point) -> list[str]:
    shares = point.right, point.near_misses, point.unrelated
    return [f"{point.threshold:.2f}", *(f"{100 * share:.1f} %" for share in shares)]


def _in_words(point: Point) -> str:
    return (
        f"{100 * point.right:.1f} % find their script, {100 * point.near_misses:.1f} % of near"
        f" misses and {100 * point.unrelated:.1f} % of unrelated sentences find one"
    )


def _found(sentences: Sequence[ScriptSentence], file: Path | None) -> list[Found]:
    from app.build_models import build_encoder

    drafts = _drafts(file)
    known = {one.script_id for one in drafts}
    lost = {one.script_id for one in sentences} - known - {""}
    if lost:
        console.print(f"there is no script {', '.join(sorted(lost)[:5])}")
        raise typer.Exit(1)
    encoder = build_encoder(Settings())
    with library_of(drafts, encoder) as library:
        return find_all(library, sentences, drafts)


def _drafts(file: Path | None) -> list[ScriptDraft]:
    try:
        content = file.read_bytes() if file else starter_file()
    except OSError as exc:
        console.print(str(exc))
        raise typer.Exit(1) from exc
    drafts, errors, _ = read_scripts(content, file.name if file else "starter.json")
    if errors:
        console.print(f"row {errors[0].row}, {errors[0].field}: {errors[0].msg}")
        raise typer.Exit(1)
    return drafts


def _load(file: Path | None, half: Part) -> list[ScriptSentence]:
    try:
        return load_sentences(file) if file else shipped_sentences(half)
    except (LabelledFileError, OSError) as exc:
        console.print(str(exc))
        raise typer.Exit(1) from exc


def _told(one: Found) -> str:
    sentence = one.sentence
    best = one.matches[0] if one.matches else None
    nearest = f"{best.script.script_id} {best.score:.2f} {best.differs}".strip() if best else "none"
    return f"{sentence.language} {sentence.kind}: {sentence.text} [{nearest}]"
