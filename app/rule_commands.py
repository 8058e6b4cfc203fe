"""`youju rules …`: show the rules of compliance, check a file of rules, try them on a text."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from app.settings import Settings
from generation.language import question_language
from generation.rules.records import Judgement, Rule, RuleSet, TopicRule, WordingRule
from generation.rules.rule_file import (
    RuleSetError,
    default_rules_json,
    load_rule_set,
)

commands = typer.Typer(no_args_is_help=True, help="The rules that answers must pass.")
console = Console(highlight=False, markup=False, emoji=False)
messages = Console(stderr=True, highlight=False, markup=False, emoji=False)


@commands.command()
def show(
    as_json: Annotated[
        bool, typer.Option("--json", help="The whole file, to be changed and used as your own.")
    ] = False,
) -> None:
    """List the rules in force: those of YOUJU_RULES_FILE, or those that ship."""
    path = Settings().rules_file
    if as_json:
        content = path.read_text(encoding="utf-8-sig") if path else default_rules_json()
        typer.echo(content, nl=False)
        return
    rules = load_rule_set(path)
    table = Table("rule", "version", "kind", "severity", "action", "stages", "reason")
    for rule in rules.rules:
        head = rule.head
        table.add_row(
            head.rule_id,
            str(head.version),
            _kind(rule),
            head.severity.value,
            head.action.value,
            ", ".join(sorted(head.stages)) or "all",
            head.reason["zh"] + " / " + head.reason["en"],
        )
    console.print(table)
    console.print(f"rule set {rules.version}, {len(rules.rules)} rules")


@commands.command()
def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Rules in JSON.")],
    text: Annotated[
        list[str] | None, typer.Option("--text", help="Try the rules on this sentence.")
    ] = None,
) -> None:
    """Say of every rule in a file what is wrong with it; status 1 where something is."""
    try:
        rules = load_rule_set(file)
    except RuleSetError as exc:
        for problem in exc.problems:
            messages.print(problem)
        messages.print(f"{len(exc.problems)} problems")
        raise typer.Exit(1) from exc
    except OSError as exc:
        messages.print(f"{file}: {exc.strerror}")
        raise typer.Exit(1) from exc
    console.print(f"rule set {rules.version}, {len(rules.rules)} rules, nothing is wrong")
    _try(rules, text or ())


def _try(rules: RuleSet, texts: Sequence[str]) -> None:
    from generation.rules.rule_book import RuleBook

    if not texts:
        return
    encoder = None
    if any(isinstance(rule, TopicRule) for rule in rules.rules):
        from app.build_models import build_encoder

        encoder = build_encoder(Settings())
    book = RuleBook(rules, encoder)
    for text in texts:
        console.print(_said(book.judge(text, evidence=(), language=question_language(text))))


def _said(judgement: Judgement) -> str:
    if not judgement.finds:
        return "passes"
    verdict = f"shown as: {judgement.text}" if judgement.allowed else "blocked"
    finds = "; ".join(
        f"{find.rule_id} ({find.action.value}: {find.what}; {find.reason})"
        for find in judgement.finds
    )
    return f"{verdict}; {finds}"


def _kind(rule: Rule) -> str:
    if isinstance(rule, WordingRule):
        return f"wording, {len(rule.phrases) + len(rule.patterns)}"
    if isinstance(rule, TopicRule):
        return f"topic, {len(rule.examples)} examples"
    return type(rule).__name__.removesuffix("Rule").lower()
