from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from models.lora import merge_lora, read_adapter, set_adapter
from models.reader import SpanNetwork, load_network
from tests.models.tiny_trunk import write_tiny_trunk

MODULE = "encoder.layer.1.attention.self.query"


def tensors(width: int = 32) -> dict[str, torch.Tensor]:
    torch.manual_seed(3)
    return {
        "head.weight": torch.randn(2, width),
        "head.bias": torch.randn(2),
        f"{MODULE}.lora_A": torch.randn(4, width),
        f"{MODULE}.lora_B": torch.randn(width, 4),
    }


@pytest.fixture
def network(tmp_path: Path) -> SpanNetwork:
    return load_network(write_tiny_trunk(tmp_path / "trunk")).float()


def saved(folder: Path, given: dict[str, torch.Tensor], metadata: dict[str, str]) -> Path:
    path = folder / "other.safetensors"
    save_file(given, path, metadata=metadata)
    return path


SCALED = {"lora": '{"rank": 4, "scale": 2.0}'}


def test_set_adapter_equals_the_lora_beside_the_weights(
    network: SpanNetwork, tmp_path: Path
) -> None:
    given = tensors()
    name = f"{MODULE}.weight"
    before = dict(network.trunk.named_parameters())[name].detach().clone()
    set_adapter(network.trunk, network.head, saved(tmp_path, given, SCALED))
    change = dict(network.trunk.named_parameters())[name] - before
    torch.testing.assert_close(change, 2.0 * given[f"{MODULE}.lora_B"] @ given[f"{MODULE}.lora_A"])
    torch.testing.assert_close(network.head.weight.data, given["head.weight"])


def test_merge_lora_leaves_a_head_alone(network: SpanNetwork) -> None:
    before = network.head.weight.detach().clone()
    merge_lora(network.trunk, tensors(), 1.0)
    torch.testing.assert_close(network.head.weight.data, before)


@pytest.mark.parametrize("broken", ["width", "module", "head"])
def test_set_adapter_of_another_encoder_is_refused(
    network: SpanNetwork, tmp_path: Path, broken: str
) -> None:
    given = tensors(64) if broken == "width" else tensors()
    if broken == "module":
        given["encoder.layer.7.output.dense.lora_A"] = torch.zeros(4, 64)
        given["encoder.layer.7.output.dense.lora_B"] = torch.zeros(32, 4)
    if broken == "head":
        del given["head.bias"]
    path = saved(tmp_path, given, SCALED)
    with pytest.raises(ValueError, match=r"^other\.safetensors does not fit the encoder"):
        set_adapter(network.trunk, network.head, path)


@pytest.mark.parametrize("metadata", [{}, {"other": "x"}])
def test_read_adapter_without_a_scale_is_refused(tmp_path: Path, metadata: dict[str, str]) -> None:
    path = saved(tmp_path, tensors(), metadata)
    with pytest.raises(ValueError, match=r"^other\.safetensors is damaged or no adapter"):
        read_adapter(path)


def test_read_adapter_that_was_cut_off_is_refused(tmp_path: Path) -> None:
    path = saved(tmp_path, tensors(), SCALED)
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(ValueError, match=r"^other\.safetensors is damaged or no adapter"):
        read_adapter(path)
