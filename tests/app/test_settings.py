import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from app.settings import Settings


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("YOUJU_"):
            monkeypatch.delenv(name)


def test_settings_every_variable_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YOUJU_DATA_DIR", "here")
    monkeypatch.setenv("YOUJU_TOP_K", "3")
    monkeypatch.setenv("YOUJU_GENERATOR_URL", "http://127.0.0.1:9/v1")
    settings = Settings()
    assert (settings.data_dir, settings.top_k) == (Path("here"), 3)
    assert settings.generator_url == "http://127.0.0.1:9/v1"
    assert settings.models_path == Path("here/models")


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_settings_empty_variable_is_not_set(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"YOUJU_{name.upper()}", "")
    assert Settings() == Settings.model_construct()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", "0"),
        ("port", "65536"),
        ("port", "http"),
        ("workers", "0"),
        ("chunk_tokens", "501"),
        ("top_k", "101"),
        ("refusal_threshold", "1.5"),
        ("refusal_threshold", "nan"),
        ("lease_seconds", "1"),
        ("generator_timeout_seconds", "0"),
        ("generator", "gpt"),
        ("generator", "Bundled"),
        ("generator_url", "localhost:8000"),
        ("key_index", "keys"),
        ("keyphrases", "textrank"),
        ("key_generator_seconds", "0"),
    ],
)
def test_settings_value_that_does_not_fit_is_an_error_naming_it(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"YOUJU_{name.upper()}", value)
    with pytest.raises(ValidationError) as caught:
        Settings()
    assert [entry["loc"] for entry in caught.value.errors()] == [(name,)]


def test_settings_models_dir_is_taken_as_given() -> None:
    assert Settings(models_dir=Path("elsewhere")).models_path == Path("elsewhere")


def test_settings_key_generator_without_an_address_is_an_error_that_names_both() -> None:
    with pytest.raises(ValidationError, match=r"YOUJU_KEY_GENERATOR.* needs YOUJU_GENERATOR_URL"):
        Settings(key_generator="generator")
    Settings(key_generator="generator", generator_url="http://127.0.0.1:9/v1")
