import json
from pathlib import Path

import gguf
import numpy as np
import pytest
from safetensors.numpy import save_file

from training.export import UnknownTensor, export_gguf, gguf_name

PREFIX = "base_model.model.model.layers"


@pytest.mark.parametrize(
    ("module", "short"),
    [
        ("self_attn.q_proj", "attn_q"),
        ("self_attn.k_proj", "attn_k"),
        ("self_attn.v_proj", "attn_v"),
        ("self_attn.o_proj", "attn_output"),
        ("mlp.gate_proj", "ffn_gate"),
        ("mlp.up_proj", "ffn_up"),
        ("mlp.down_proj", "ffn_down"),
    ],
)
@pytest.mark.parametrize(("side", "suffix"), [("A", "a"), ("B", "b")])
def test_gguf_name_projection_gives_llama_cpps_name(
    module: str, short: str, side: str, suffix: str
) -> None:
    name = f"{PREFIX}.17.{module}.lora_{side}.weight"
    assert gguf_name(name) == f"blk.17.{short}.weight.lora_{suffix}"


@pytest.mark.parametrize(
    "name",
    [
        f"{PREFIX}.0.self_attn.q_norm.lora_A.weight",
        "base_model.model.lm_head.lora_A.weight",
        "model.layers.0.self_attn.q_proj.lora_A.weight",
    ],
)
def test_gguf_name_unknown_tensor_is_refused(name: str) -> None:
    with pytest.raises(UnknownTensor, match=name):
        gguf_name(name)


@pytest.fixture
def adapter(tmp_path: Path) -> Path:
    folder = tmp_path / "peft"
    folder.mkdir()
    config = {"lora_alpha": 32, "r": 2}
    (folder / "adapter_config.json").write_text(json.dumps(config), encoding="utf-8")
    return folder


def write_tensors(adapter: Path, **tensors: np.ndarray) -> None:
    save_file(tensors, adapter / "adapter_model.safetensors")


def test_export_file_read_back_has_metadata_and_values(adapter: Path, tmp_path: Path) -> None:
    side_a = np.arange(8, dtype=np.float32).reshape(2, 4) / 8
    side_b = -np.arange(6, dtype=np.float32).reshape(3, 2)
    name = f"{PREFIX}.1.mlp.up_proj"
    write_tensors(adapter, **{f"{name}.lora_A.weight": side_a, f"{name}.lora_B.weight": side_b})
    target = tmp_path / "out" / "adapter.gguf"
    export_gguf(adapter, target, name="grounded-qa")

    reader = gguf.GGUFReader(target)
    found = {key: field.contents() for key, field in reader.fields.items()}
    assert found["general.architecture"] == "gemma3"
    assert found["general.type"] == "adapter"
    assert found["general.name"] == "grounded-qa"
    assert found["adapter.type"] == "lora"
    assert found["adapter.lora.alpha"] == 32.0
    tensors = {tensor.name: tensor for tensor in reader.tensors}
    assert set(tensors) == {"blk.1.ffn_up.weight.lora_a", "blk.1.ffn_up.weight.lora_b"}
    for suffix, values in (("a", side_a), ("b", side_b)):
        tensor = tensors[f"blk.1.ffn_up.weight.lora_{suffix}"]
        assert tensor.tensor_type == gguf.GGMLQuantizationType.F16
        np.testing.assert_array_equal(tensor.data, values.astype(np.float16))


def test_export_unknown_tensor_is_refused(adapter: Path, tmp_path: Path) -> None:
    write_tensors(adapter, **{"base_model.model.lm_head.lora_A.weight": np.zeros((2, 4), "f4")})
    with pytest.raises(UnknownTensor):
        export_gguf(adapter, tmp_path / "adapter.gguf", name="grounded-qa")
