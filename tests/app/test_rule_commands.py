import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.rule_commands import commands
from generation.rules.rule_file import default_rules_json, parse_rule_set

WORDING = {
    "id": "own",
    "kind": "wording",
    "reason": {"zh": "不要这样说", "en": "do not say so"},
    "phrases": ["竞品甲"],
}


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("YOUJU_RULES_FILE", raising=False)
    path = tmp_path / "rules.json"
    path.write_text(json.dumps({"version": "mine", "rules": [WORDING]}), encoding="utf-8")
    return path


def test_show_lists_the_rules_in_force(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert "promise.returns" in CliRunner().invoke(commands, ["show"]).output
    monkeypatch.setenv("YOUJU_RULES_FILE", str(file))
    output = CliRunner().invoke(commands, ["show"]).output
    assert "rule set mine, 1 rules" in output
    assert "promise.returns" not in output


def test_show_as_json_gives_a_file_that_can_be_used(file: Path) -> None:
    output = CliRunner().invoke(commands, ["show", "--json"]).output
    assert parse_rule_set(output) == parse_rule_set(default_rules_json())


def test_check_tries_the_rules_on_a_text(file: Path) -> None:
    arguments = ["check", str(file), "--text", "竞 品 甲很好", "--text", "天气很好"]
    done = CliRunner().invoke(commands, arguments)
    assert done.exit_code == 0, done.output
    assert "nothing is wrong" in done.output
    assert "blocked; own (block:" in done.output
    assert "passes" in done.output


def test_check_of_wrong_rules_names_each(file: Path) -> None:
    wrong = [WORDING | {"patterns": ["("]}, WORDING | {"id": "b", "action": "x"}]
    file.write_text(json.dumps({"version": "mine", "rules": wrong}), encoding="utf-8")
    done = CliRunner().invoke(commands, ["check", str(file)])
    assert done.exit_code == 1
    assert "rule 1 (own)" in done.output
    assert "rule 2 (b)" in done.output
    assert "2 problems" in done.output
    missing = CliRunner().invoke(commands, ["check", str(file) + "x"])
    assert missing.exit_code == 1
