"""Write the reference of all settings: `python -m app.settings_doc [--check] FILE`."""

import sys
from pathlib import Path
from types import NoneType, UnionType
from typing import get_args

from pydantic.fields import FieldInfo

from app.settings import Settings

_HEAD = """\
# Configuration

Every setting is one environment variable, read once at start. A value that does not fit stops the
program with a message that names the variable. All settings have defaults; none is needed.

| variable | type | default | meaning |
| --- | --- | --- | --- |
"""
_FOOT = """
This page is generated from `app/settings.py`; `make docs` writes it, `make check` tells when it is
out of date.
"""
_NAMES = {str: "text", int: "integer", float: "number", Path: "path", bool: "true or false"}
_BOUNDS = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}


def render() -> str:
    """Return the page as Markdown, one table row per setting in the order of the class."""
    prefix = Settings.model_config["env_prefix"]
    rows = (
        f"| `{prefix}{name.upper()}` | {_type(field)} | {_default(field)} | {field.description} |\n"
        for name, field in Settings.model_fields.items()
    )
    return _HEAD + "".join(rows) + _FOOT


def main(arguments: list[str]) -> int:
    """Write the page, or with `--check` tell whether the file is it. Returns the exit status."""
    target = Path(arguments[-1])
    if "--check" not in arguments:
        target.write_text(render(), encoding="utf-8")
        return 0
    if target.exists() and target.read_text(encoding="utf-8") == render():
        return 0
    sys.stderr.write(f"{target} is not what the settings say: run `make docs`\n")
    return 1


def _type(field: FieldInfo) -> str:
    bounds = [
        f"{sign} {getattr(constraint, kind):g}"
        for constraint in field.metadata
        for kind, sign in _BOUNDS.items()
        if hasattr(constraint, kind)
    ]
    return " ".join([_name(field.annotation), ", ".join(bounds)]).strip()


def _name(annotation: object) -> str:
    if isinstance(annotation, UnionType):
        (inner,) = (part for part in get_args(annotation) if part is not NoneType)
        return _name(inner)
    if isinstance(annotation, type) and annotation in _NAMES:
        return _NAMES[annotation]
    return ", ".join(f"`{choice}`" for choice in get_args(annotation))


def _default(field: FieldInfo) -> str:
    return "not set" if field.default is None else f"`{field.default}`"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
