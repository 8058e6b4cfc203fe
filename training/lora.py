"""The low-rank adapter that is trained on an encoder's trunk, and its file."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import save_file

_TARGETS = ["query", "key", "value", "dense"]
_PEFT_PREFIX = "base_model.model."


def adapted(trunk: torch.nn.Module, *, rank: int, alpha: int, layers: int) -> torch.nn.Module:
    """Return the trunk with a fresh LoRA, in float32, on its uppermost `layers` layers."""
    model: Any = trunk
    # PyTorch's fused attention takes twice as long backwards on a CPU as the plain one.
    model.set_attn_implementation("eager")
    depth = model.config.num_hidden_layers
    config = LoraConfig(
        r=rank,
        lora_alpha=alpha,
        target_modules=_TARGETS,
        layers_to_transform=list(range(max(0, depth - layers), depth)),
    )
    found: torch.nn.Module = get_peft_model(model, config)
    for parameter in found.parameters():
        if parameter.requires_grad:
            parameter.data = parameter.data.float()
    return found


def trained(network: torch.nn.Module, trunk: str = "trunk.") -> dict[str, torch.nn.Parameter]:
    """Return the trained parameters under the names that the file has for them.

    trunk: what the names of the adapted trunk's parameters begin with.
    """
    named = {}
    for name, parameter in network.named_parameters():
        if parameter.requires_grad:
            short = name.removeprefix(trunk + _PEFT_PREFIX)
            short = short.replace(".lora_A.default.weight", ".lora_A")
            named[short.replace(".lora_B.default.weight", ".lora_B")] = parameter
    return named


def save_adapter(
    parameters: Mapping[str, torch.nn.Parameter], path: Path, *, rank: int, alpha: int
) -> None:
    """Write what was trained, in half precision, as `models.lora` reads it."""
    tensors = {
        name: parameter.detach().cpu().to(torch.float16).contiguous()
        for name, parameter in parameters.items()
    }
    save_file(tensors, path, metadata={"lora": json.dumps({"rank": rank, "scale": alpha / rank})})


def load_adapter(
    parameters: Mapping[str, torch.nn.Parameter], tensors: Mapping[str, torch.Tensor]
) -> None:
    """Go on from saved tensors; those that are not trained here are passed over.

    Raises KeyError where one is missing.
    """
    with torch.no_grad():
        for name, parameter in parameters.items():
            parameter.copy_(tensors[name].float())
