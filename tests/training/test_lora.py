from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from models.lora import read_adapter, set_adapter
from models.pair_scorer import load_network
from tests.models.tiny_trunk import write_tiny_trunk
from training.lora import adapted, load_adapter, save_adapter, trained


@pytest.fixture(scope="module")
def trunk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_trunk(tmp_path_factory.mktemp("trunk"))


def test_adapted_trains_only_its_layers_and_the_head(trunk: Path) -> None:
    network = load_network(trunk)
    network.trunk = adapted(network.trunk, rank=2, alpha=4, layers=1)
    names = set(trained(network))
    assert {"head.weight", "head.bias"} < names
    assert "encoder.layer.1.attention.self.query.lora_A" in names
    assert not any(name.startswith("encoder.layer.0.") for name in names)
    assert all(parameter.dtype == torch.float32 for parameter in trained(network).values())


def test_saved_adapter_merged_gives_what_was_trained(trunk: Path, tmp_path: Path) -> None:
    network = load_network(trunk).float()
    network.trunk = adapted(network.trunk, rank=2, alpha=4, layers=2)
    torch.manual_seed(5)
    with torch.no_grad():
        for parameter in trained(network).values():
            parameter.copy_(torch.randn_like(parameter).half().float() * 0.25)
    path = tmp_path / "some.safetensors"
    save_adapter(trained(network), path, rank=2, alpha=4)
    assert read_adapter(path)[1] == 2.0
    merged = load_network(trunk).float()
    set_adapter(merged.trunk, merged.head, path)
    ids, mask = torch.tensor([[0, 9, 7, 1]]), torch.ones(1, 4, dtype=torch.long)
    torch.testing.assert_close(
        merged.eval()(ids, mask), network.eval()(ids, mask), atol=1e-3, rtol=1e-3
    )


def test_load_adapter_goes_on_from_what_was_saved(trunk: Path, tmp_path: Path) -> None:
    network = load_network(trunk)
    network.trunk = adapted(network.trunk, rank=2, alpha=4, layers=2)
    parameters = trained(network)
    save_adapter(parameters, tmp_path / "a.safetensors", rank=2, alpha=4)
    name = "encoder.layer.1.attention.self.query.lora_A"
    with torch.no_grad():
        parameters[name].zero_()
    tensors = load_file(tmp_path / "a.safetensors")
    load_adapter(parameters, {**tensors, "of something else": torch.zeros(1)})
    torch.testing.assert_close(parameters[name].half(), tensors[name])
    with pytest.raises(KeyError):
        load_adapter(parameters, {})
