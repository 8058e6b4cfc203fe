"""Approved wording for everything that is not generated. It is data: `prompts/scripts.json`."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files
from typing import get_args

from generation.prompt import Language


class Stage(StrEnum):
    """What a script is for.

    refusal takes {collection} and {closest_title}, refusal_empty (nothing was found at all) and
    refusal_no_documents (there is nothing to look in) {collection}, refusal_part (a part of a
    question, others of which were answered) {collection} and {part}; the others have no fields.
    fallback is an answer of its own, cut_short the end of one that has begun.
    """

    REFUSAL = "refusal"
    REFUSAL_EMPTY = "refusal_empty"
    REFUSAL_NO_DOCUMENTS = "refusal_no_documents"
    REFUSAL_PART = "refusal_part"
    FALLBACK = "fallback"
    CUT_SHORT = "cut_short"
    GENERATOR_DOWN = "generator_down"


FIELDS: Mapping[Stage, frozenset[str]] = {
    Stage.REFUSAL: frozenset({"collection", "closest_title"}),
    Stage.REFUSAL_EMPTY: frozenset({"collection"}),
    Stage.REFUSAL_NO_DOCUMENTS: frozenset({"collection"}),
    Stage.REFUSAL_PART: frozenset({"collection", "part"}),
    Stage.FALLBACK: frozenset(),
    Stage.CUT_SHORT: frozenset(),
    Stage.GENERATOR_DOWN: frozenset(),
}
_FIELD = re.compile(r"\{(\w+)\}")
_LONGEST_FIELD = 80


@dataclass(frozen=True, slots=True)
class Script:
    """One approved text. `script_id` is stable and goes into answers and logs."""

    script_id: str
    language: Language
    stage: Stage
    text: str


def load_scripts() -> tuple[Script, ...]:
    """Return the scripts that ship with the service. Raises ValueError as `parse_scripts` does."""
    resource = files("generation") / "prompts" / "scripts.json"
    return parse_scripts(resource.read_text(encoding="utf-8"))


def parse_scripts(content: str) -> tuple[Script, ...]:
    """Read scripts from JSON: a list of objects with script_id, language, stage and text.

    Raises ValueError that names the script if an id repeats, a field is unknown to its stage, or
    a stage lacks a script in one of the languages.
    """
    scripts = tuple(_script(entry) for entry in json.loads(content))
    ids = [script.script_id for script in scripts]
    if len(set(ids)) < len(ids):
        raise ValueError(f"script ids repeat: {sorted({one for one in ids if ids.count(one) > 1})}")
    for stage in Stage:
        for language in get_args(Language):
            pick_script(scripts, stage, language)
    return scripts


def pick_script(scripts: Sequence[Script], stage: Stage, language: Language) -> Script:
    """Return the first script of a stage and language. Raises ValueError if there is none."""
    for script in scripts:
        if script.stage is stage and script.language == language:
            return script
    raise ValueError(f"no script for stage {stage.value} in language {language}")


def fallback_texts(scripts: Sequence[Script], stage: Stage = Stage.FALLBACK) -> dict[Language, str]:
    """Return what is shown, by language, in place of a text that may not be."""
    languages: tuple[Language, ...] = get_args(Language)
    return {one: pick_script(scripts, stage, one).text for one in languages}


def fill_script(script: Script, fields: Mapping[str, str]) -> str:
    """Return the script's text with its fields filled in, in one pass.

    Values come from users and documents: they are cut to one line of 80 characters, and braces in
    them stay plain text. Raises KeyError if a field of the script has no value.
    """
    return _FIELD.sub(lambda match: _one_line(fields[match[1]]), script.text)


def _one_line(value: str) -> str:
    line = " ".join(value.split())
    return line if len(line) <= _LONGEST_FIELD else line[: _LONGEST_FIELD - 1] + "…"


def _script(entry: Mapping[str, str]) -> Script:
    try:
        script_id, stage, text = entry["script_id"], Stage(entry["stage"]), entry["text"]
        language = {one: one for one in get_args(Language)}[entry["language"]]
    except KeyError as error:
        raise ValueError(f"script {entry!r}: missing or unknown {error}") from error
    unknown = set(_FIELD.findall(text)) - FIELDS[stage]
    if unknown or not text.strip():
        raise ValueError(f"script {script_id}: unknown fields {sorted(unknown)} or empty text")
    return Script(script_id, language, stage, text)
