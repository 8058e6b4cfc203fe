"""Write a PEFT adapter of the generator as a llama.cpp adapter, for serving on a CPU."""

import json
from pathlib import Path

import gguf
import numpy as np
from safetensors.numpy import load_file

_NAMES = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
_PREFIX = "base_model.model.model.layers."


class UnknownTensor(ValueError):
    """The adapter changes a weight that the llama.cpp form has no name for."""


def gguf_name(peft_name: str) -> str:
    """Return the GGUF name of a PEFT tensor. Raises UnknownTensor.

    `…layers.3.self_attn.q_proj.lora_A.weight` → `blk.3.attn_q.weight.lora_a`
    """
    for module, short in _NAMES.items():
        if peft_name.startswith(_PREFIX) and f".{module}." in peft_name:
            layer = peft_name.removeprefix(_PREFIX).split(".", 1)[0]
            side = "lora_a" if ".lora_A." in peft_name else "lora_b"
            return f"blk.{layer}.{short}.weight.{side}"
    raise UnknownTensor(peft_name)


def export_gguf(adapter: Path, target: Path, *, name: str) -> None:
    """Write `target` from the PEFT folder `adapter` (float16 tensors). Raises UnknownTensor."""
    config = json.loads((adapter / "adapter_config.json").read_text(encoding="utf-8"))
    tensors = load_file(adapter / "adapter_model.safetensors")
    target.parent.mkdir(parents=True, exist_ok=True)
    writer = gguf.GGUFWriter(str(target), "gemma3")
    writer.add_type("adapter")
    writer.add_name(name)
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", float(config["lora_alpha"]))
    for key, values in sorted(tensors.items()):
        writer.add_tensor(gguf_name(key), np.ascontiguousarray(values, dtype=np.float16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
