from pathlib import Path

import pytest

from models.encoder_name import encoder_name


@pytest.mark.parametrize(
    ("model", "name"),
    [("BAAI/bge-m3", "bge-m3"), ("folder/of/e5/", "e5"), (Path("e5-1"), "e5-1")],
)
def test_encoder_name_is_the_last_part_of_the_model(model: str | Path, name: str) -> None:
    assert encoder_name(model) == name


def test_encoder_name_of_the_present_folder_is_not_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "e5").mkdir()
    monkeypatch.chdir(tmp_path / "e5")
    assert encoder_name(".") == "e5"


def test_encoder_name_follows_the_bytes_of_the_adapter(tmp_path: Path) -> None:
    adapter = tmp_path / "embedder.safetensors"
    adapter.write_bytes(b"one")
    first = encoder_name("e5", adapter)
    assert first == "e5+7692c3ad"
    adapter.write_bytes(b"two")
    assert encoder_name("e5", adapter) not in {first, "e5"}


def test_encoder_name_without_its_adapter_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        encoder_name("e5", tmp_path / "none")
