"""Low-rank changes of an encoder's trunk, as training writes them (Hu et al. 2021).

One safetensors file holds the matrices A and B of each changed layer under the trunk's own names,
`{module}.lora_A` and `.lora_B`, beside whatever head was trained with them; its metadata the scale.
"""

import json
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open

Tensors = dict[str, torch.Tensor]
A_SUFFIX, B_SUFFIX = ".lora_A", ".lora_B"


def read_adapter(path: Path) -> tuple[Tensors, float]:
    """Return the tensors of an adapter in float32 and the scale α / r of its changes.

    Raises ValueError if the file is damaged or no adapter.
    """
    try:
        with safe_open(path, "pt") as file:
            scale = float(json.loads(file.metadata()["lora"])["scale"])
            tensors = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118  # no mapping
    except (SafetensorError, KeyError, TypeError) as exc:
        raise ValueError(f"{path.name} is damaged or no adapter: {exc}") from exc
    return tensors, scale


def merge_lora(trunk: torch.nn.Module, tensors: Mapping[str, torch.Tensor], scale: float) -> None:
    """Add scale · B · A to the trunk's weights. Tensors of a head are passed over.

    Raises KeyError or RuntimeError where a change does not fit the trunk.
    """
    weights = dict(trunk.named_parameters())
    with torch.no_grad():
        for name in tensors:
            if name.endswith(A_SUFFIX):
                module = name.removesuffix(A_SUFFIX)
                weight = weights[f"{module}.weight"]
                change = scale * tensors[module + B_SUFFIX] @ tensors[name]
                weight.copy_(weight.float() + change)


def set_adapter(trunk: torch.nn.Module, head: torch.nn.Linear, adapter: Path) -> None:
    """Merge an adapter's LoRA into a trunk and set the head that was trained with it.

    Raises ValueError where the file is damaged or does not fit.
    """
    tensors, scale = read_adapter(adapter)
    try:
        with torch.no_grad():
            head.weight.copy_(tensors["head.weight"])
            head.bias.copy_(tensors["head.bias"])
        merge_lora(trunk, tensors, scale)
    except (KeyError, RuntimeError) as exc:
        raise ValueError(f"{adapter.name} does not fit the encoder: {exc}") from exc
