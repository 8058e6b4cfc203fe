"""What the documentation tells people to type exists."""

import re
import shlex
import tomllib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from typer.main import get_command

from app.main import create_app
from app.settings import Settings
from ingestion.store.catalog import Catalog
from tests.app.service_fakes import FakeModels, make_service

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "README.zh.md", *sorted((ROOT / "docs").glob("*.md"))]
NAMED = [*PAGES, ROOT / "Dockerfile", ROOT / "docker/compose.yml", ROOT / "Makefile"]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
GROUPS = {"audit", "calibrate", "evaluate", "models", "rules", "scripts"}
ADDRESS = re.compile(r"http://127\.0\.0\.1:8000(/[^\s'\"?#>]*)")


def blocks(page: Path, language: str) -> list[str]:
    return [body for tag, body in FENCE.findall(page.read_text("utf-8")) if tag == language]


def commands(page: Path) -> list[list[str]]:
    """Return the words of every shell command of a page, variables before it left out."""
    found = []
    for block in blocks(page, "bash"):
        for words in _split(block):
            while re.match(r"\w+=", words[0]):
                words.pop(0)
            found.append(words)
    return found


def _split(block: str) -> Iterator[list[str]]:
    line = ""
    for part in block.replace("\\\n", " ").splitlines():
        line = f"{line}\n{part}" if line else part
        try:
            words = shlex.split(line, comments=True)
        except ValueError:  # a quotation goes on in the next line
            continue
        line = ""
        if words:
            yield words
    assert not line, line


def calls(page: Path) -> set[tuple[str, str]]:
    """Return (method, path) of every HTTP call that a page shows."""
    found = set()
    for words in commands(page):
        if words[0] == "curl":
            (url,) = (word for word in words if word.startswith("http://"))
            sends = {"-d", "-F"} & set(words)
            named = words[words.index("-X") + 1].lower() if "-X" in words else None
            match = ADDRESS.match(url)
            assert match, url
            found.add((named or ("post" if sends else "get"), match[1]))
    for block in blocks(page, "python"):
        found |= set(re.findall(r"youju\.(\w+)\(\s*f?\"(/[^\"]*)\"", block))
    table = re.compile(r"`(GET|POST|PUT|DELETE) (/[^`?]*)")
    found |= {(method.lower(), path) for method, path in table.findall(page.read_text("utf-8"))}
    return found


def flags_of(command: tuple[str, ...]) -> set[str]:
    """Return the options of a `youju` command. Raises KeyError if there is none of that name."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    homes = {"youju": "app.cli:app"}
    homes |= project["entry-points"]["youju.commands"]
    name, words = ("youju", command) if command[0] not in homes else (command[0], command[1:])
    module, attribute = homes[name].split(":")
    found: Any = get_command(getattr(import_module(module), attribute))
    for word in words:
        found = found.commands[word]
    return {flag for parameter in found.params for flag in parameter.opts}


def youju_uses() -> set[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Return (command, its flags) for each use of `youju` in the documentation and the Makefile."""
    recipes = re.findall(r"\$\(BIN\)/(youju .*)", (ROOT / "Makefile").read_text("utf-8"))
    uses = [shlex.split(recipe) for recipe in recipes]
    uses += [words for page in PAGES for words in commands(page) if words[0] == "youju"]
    found = set()
    for words in uses:
        command = tuple(words[1 : 3 if words[1] in GROUPS else 2])
        found.add((command, tuple(word for word in words if word.startswith("-"))))
    return found


@pytest.fixture
def application(tmp_path: Path) -> Iterator[FastAPI]:
    catalog = Catalog(tmp_path / "catalog.sqlite")
    yield create_app(make_service(FakeModels(catalog), Settings(data_dir=tmp_path)))
    catalog.close()


def test_make_targets_named_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = {word for page in PAGES for words in commands(page) if words[0] == "make"
             for word in words[1:] if "=" not in word}  # fmt: skip
    named |= {word for page in PAGES for word in re.findall(r"`make ([a-z]+)`", page.read_text())}
    assert {"run", "test", "check"} <= named
    assert named <= targets


def test_commands_and_flags_named_exist() -> None:
    uses = youju_uses()
    assert {("serve",), ("evaluate", "answers")} <= {command for command, _ in uses}
    for command, flags in uses:
        assert set(flags) <= flags_of(command), command


def test_http_calls_named_exist(application: FastAPI) -> None:
    known = {
        (method, re.sub(r"\{\w+\}", "{}", path))
        for path, methods in application.openapi()["paths"].items()
        for method in methods
    }
    for page in PAGES:
        # A call in an example names a collection where the table has a field.
        named = {
            (method, re.sub(r"\{[^}]*\}|(?<=/collections/)default\b", "{}", path))
            for method, path in calls(page)
        }
        assert named <= known | {("get", "/")}, page.name


def test_every_http_call_is_documented(application: FastAPI) -> None:
    documented = calls(ROOT / "docs/api.md")
    known = {
        (method, path)
        for path, methods in application.openapi()["paths"].items()
        for method in methods
    }
    assert known - documented == set()


@pytest.mark.parametrize("page", NAMED, ids=lambda page: page.name)
def test_variables_named_exist(page: Path) -> None:
    known = {f"YOUJU_{name.upper()}" for name in Settings.model_fields}
    assert set(re.findall(r"\bYOUJU_[A-Z_]+[A-Z]\b", page.read_text("utf-8"))) <= known


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_within_the_project_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text("utf-8"))
    local = [link for link in links if not link.startswith("http")]
    assert [link for link in local if not (page.parent / link).exists()] == []


def test_chinese_readme_is_in_step_with_the_english_one() -> None:
    english, chinese = ROOT / "README.md", ROOT / "README.zh.md"
    for language in ("bash", "python"):
        assert blocks(english, language) == blocks(chinese, language)
    heading = re.compile(r"^(#+) ", re.MULTILINE)
    assert heading.findall(english.read_text("utf-8")) == heading.findall(
        chinese.read_text("utf-8")
    )
    row = re.compile(r"^\| ", re.MULTILINE)
    assert len(row.findall(english.read_text("utf-8"))) == len(
        row.findall(chinese.read_text("utf-8"))
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_python_examples_compile(page: Path) -> None:
    for block in blocks(page, "python"):
        compile(block, str(page), "exec")
