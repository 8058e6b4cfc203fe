import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import app.build_models
from evaluation.commands import app as evaluate
from evaluation.compliance_commands import calibrate
from generation.policy import Policy
from tests.generation.script_fakes import GramEncoder

SCRIPTS = [
    {"script_id": "pay", "text": "付款可以用银行卡或者微信。"},
    {"script_id": "bill", "text": "发票在订单完成后开具。"},
]
SENTENCES = [
    ("付款可以用微信或者银行卡", "paraphrase", "pay"),
    ("付款用微信和银行卡都可以", "paraphrase", "pay"),
    ("订单完成后开具发票", "paraphrase", "bill"),
    ("订单完成后发票就开具", "paraphrase", "bill"),
    ("付款不可以用银行卡或者微信", "near_miss", "pay"),
    ("发票在订单完成前开具", "near_miss", "bill"),
    ("今天下雨", "unrelated", ""),
    ("恒星很多", "unrelated", ""),
]


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the arguments that name sentences and scripts; the encoder needs no model."""
    monkeypatch.setattr(app.build_models, "build_encoder", lambda _settings: GramEncoder())
    scripts = [
        {**one, "language": "zh", "stage": "inquiry", "state": "approved"} for one in SCRIPTS
    ]
    (tmp_path / "scripts.json").write_text(json.dumps(scripts), encoding="utf-8")
    lines = [
        json.dumps({"text": text, "language": "zh", "kind": kind, "script_id": script_id})
        for text, kind, script_id in SENTENCES
    ]
    (tmp_path / "own.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return [str(tmp_path / "own.jsonl"), "--scripts", str(tmp_path / "scripts.json")]


def test_evaluate_scripts_prints_shares_and_what_went_wrong(files: list[str]) -> None:
    done = CliRunner().invoke(evaluate, ["scripts", *files, "--threshold", "1", "--wrong"])
    assert done.exit_code == 0, done.output
    assert "4 = 100.0 %" in done.output
    assert "threshold 1.00" in done.output
    assert "zh paraphrase: 订单完成后开具发票 [bill" in done.output
    assert "near_miss:" not in done.output


def test_calibrate_scripts_prints_the_curve_and_writes_a_policy(
    files: list[str], tmp_path: Path
) -> None:
    out = tmp_path / "policy.json"
    done = CliRunner().invoke(calibrate, ["scripts", *files, "--out", str(out), "--mode", "strict"])
    assert done.exit_code == 0, done.output
    for told in ("in use", "fitted here", "0.95", "chosen 0.05"):
        assert told in done.output
    policy = json.loads(out.read_text(encoding="utf-8"))
    assert policy == {"mode": "strict", "threshold": 0.05, "thresholds": {}}
    assert Policy(**policy).threshold_at("inquiry") == 0.05


def test_calibrate_scripts_without_a_threshold_within_the_bounds_fails(
    files: list[str], tmp_path: Path
) -> None:
    line = {"text": f"{SCRIPTS[0]['text']}！", "language": "zh", "kind": "unrelated"}
    with (tmp_path / "own.jsonl").open("a", encoding="utf-8") as file:
        file.write(f"\n{json.dumps(line)}")
    done = CliRunner().invoke(calibrate, ["scripts", *files, "--unrelated", "0"])
    assert done.exit_code == 1
    assert "no threshold" in done.output


@pytest.mark.parametrize("group", [evaluate, calibrate])
def test_sentence_of_an_unknown_script_is_refused(
    files: list[str], group: object, tmp_path: Path
) -> None:
    line = {"text": "a", "language": "zh", "kind": "paraphrase", "script_id": "lost"}
    (tmp_path / "own.jsonl").write_text(json.dumps(line), encoding="utf-8")
    done = CliRunner().invoke(group, ["scripts", *files])  # type: ignore[arg-type]
    assert done.exit_code == 1
    assert "no script lost" in done.output


def test_wrong_files_are_told(tmp_path: Path) -> None:
    missing = str(tmp_path / "none")
    assert "none" in CliRunner().invoke(evaluate, ["scripts", missing]).output
    done = CliRunner().invoke(evaluate, ["scripts", "--scripts", missing])
    assert done.exit_code == 1
    wrong = tmp_path / "wrong.json"
    wrong.write_text('[{"text": ""}]', encoding="utf-8")
    done = CliRunner().invoke(evaluate, ["scripts", "--scripts", str(wrong)])
    assert (done.exit_code, "row 1" in done.output) == (1, True)
