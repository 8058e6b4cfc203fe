"""Turn the generator's GGUF file into a Hugging Face folder: what PEFT trains and vLLM serves."""

from pathlib import Path

import torch
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    Gemma3ForCausalLM,
    Gemma3TextConfig,
)


def write_hugging_face(source: Path, folder: Path) -> None:
    """Write config, bf16 weights (536 MB) and tokenizer into `folder`.

    source: the GGUF file. Its quantised weights are expanded, so a copy of the state goes into a
    fresh model whose configuration no longer speaks of GGUF.
    """
    quantised = AutoModelForCausalLM.from_pretrained(
        source.parent, gguf_file=source.name, dtype=torch.bfloat16
    )
    settings = quantised.config.to_dict()
    for leftover in ("quantization_config", "_name_or_path"):
        settings.pop(leftover, None)
    plain = Gemma3ForCausalLM(Gemma3TextConfig(**settings)).bfloat16()
    plain.load_state_dict(quantised.state_dict(), strict=False)
    plain.tie_weights()
    plain.save_pretrained(folder)
    tokenizer = AutoTokenizer.from_pretrained(source.parent, gguf_file=source.name)
    tokenizer.save_pretrained(folder)
