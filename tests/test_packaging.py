"""What is pinned, built and shipped fits together."""

import re
import subprocess
import tomllib
from importlib import import_module
from pathlib import Path

from jinja2.sandbox import ImmutableSandboxedEnvironment

from app.settings import Settings
from models.chat_form import chat_prompt

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PIN = re.compile(r"([A-Za-z0-9._-]+)(?:\[\w+\])?==([\w.]+)(?:; .+)?")


def direct_pins() -> list[tuple[str, str]]:
    requirements = list(PROJECT["dependencies"])
    for extra in PROJECT["optional-dependencies"].values():
        requirements += extra
    matches = [PIN.fullmatch(requirement) for requirement in requirements]
    assert all(matches), requirements
    return [(match[1].lower(), match[2]) for match in matches if match]


def test_direct_dependencies_are_pinned_to_one_version() -> None:
    pins = direct_pins()
    assert len({name for name, _ in pins}) == len(set(pins))


def test_constraints_hold_every_direct_pin() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    constraints = {tuple(line.split("==")) for line in lines if not line.startswith("#")}
    assert set(direct_pins()) <= constraints


def test_gpu_packages_are_for_linux_on_x86_only() -> None:
    for requirement in PROJECT["optional-dependencies"]["gpu"]:
        assert "platform_system == 'Linux' and platform_machine == 'x86_64'" in requirement


def test_entry_points_exist() -> None:
    targets = [*PROJECT["scripts"].values(), *PROJECT["entry-points"]["youju.commands"].values()]
    for target in targets:
        module, name = target.split(":")
        assert hasattr(import_module(module), name)


def test_image_gets_every_package() -> None:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    packages = [path.parent.name for path in ROOT.glob("*/__init__.py")]
    assert len(packages) == 7
    for name in packages:
        assert f"COPY {name} {name}\n" in text
        assert f"!{name}" in ignored


def test_container_gets_every_setting_that_the_image_does_not_fix() -> None:
    app = (ROOT / "docker/compose.yml").read_text(encoding="utf-8").split("\n  vllm:")[0]
    passed = re.findall(r"^      (YOUJU_[A-Z_]+):$", app, re.MULTILINE)
    known = {f"YOUJU_{name.upper()}" for name in Settings.model_fields}
    fixed = {"YOUJU_DATA_DIR", "YOUJU_MODELS_DIR", "YOUJU_HOST", "YOUJU_PORT"}
    assert sorted(passed) == sorted(known - fixed)
    assert "${YOUJU_PORT:-8000}:8000" in app


def test_chat_template_renders_the_form_that_the_adapter_is_trained_on() -> None:
    # The options under which transformers and vLLM render chat templates.
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    source = (ROOT / "docker/chat-template.jinja").read_text(encoding="utf-8")
    rendered = environment.from_string(source).render(
        bos_token="<bos>",
        messages=[{"role": "user", "content": "问题：\n多少？"}],
        add_generation_prompt=True,
    )
    assert rendered == "<bos>" + chat_prompt("问题：\n多少？")


def test_ci_script_and_makefile_parse() -> None:
    subprocess.run(["bash", "-n", ".ci/run"], cwd=ROOT, check=True)
    subprocess.run(
        ["make", "-n", "install", "run", "test", "check", "format", "docs", "bench", "lock"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
