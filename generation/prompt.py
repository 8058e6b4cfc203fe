"""Render prompts from the Markdown templates beside this file, one per purpose and language."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

from generation.control_text import neutralise

Language = Literal["zh", "en"]

REFUSALS: dict[Language, str] = {
    "zh": "资料中没有答案。",
    "en": "No answer in the sources.",
}
_SOURCE_LABELS: dict[Language, str] = {"zh": "资料", "en": "Source "}


@dataclass(frozen=True, slots=True)
class PromptPassage:
    """A passage as the model sees it: a title that names the source, and its text."""

    title: str
    text: str


@cache
def template(name: str, language: Language) -> str:
    """Return the text of `prompts/{name}.{language}.md`."""
    resource = files("generation") / "prompts" / f"{name}.{language}.md"
    return resource.read_text(encoding="utf-8").strip()


def answer_prompt(question: str, passages: Sequence[PromptPassage], language: Language) -> str:
    """Fill the answer template. Sources are numbered from 1 in the order given.

    Substitution is one pass, so braces inside a question or a document stay plain text. The
    question is neutralised here; the passages come neutralised.
    """
    question = neutralise(question)
    label = _SOURCE_LABELS[language]
    rendered = "\n\n".join(
        f"{label}[{number}] {passage.title}\n{passage.text}".strip()
        for number, passage in enumerate(passages, start=1)
    )
    before, middle, between, after = _split_template(language)
    return before + question + middle + rendered + between + question + after


@cache
def _split_template(language: Language) -> tuple[str, str, str, str]:
    before, middle, after = template("answer", language).split("{question}")
    inner_before, inner_after = middle.split("{passages}")
    return before, inner_before, inner_after, after


def is_refusal(text: str) -> bool:
    """Tell whether a generated text is one of the agreed refusal sentences (or starts with one)."""
    stripped = text.strip().rstrip("。.")
    return any(stripped.startswith(refusal.rstrip("。.")) for refusal in REFUSALS.values())
