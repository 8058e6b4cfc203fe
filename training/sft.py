"""Fine-tune the generator with LoRA (Hu et al. 2021) on grounded question answering.

Loss and logits are computed for response tokens only: with a vocabulary of 262k, logits for the
whole prompt would cost more than the network itself. Weights stay in bf16, adapters in fp32.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoTokenizer, Gemma3ForCausalLM, PreTrainedTokenizerBase

from models.chat_form import END_OF_TURN, chat_prompt
from training.data.grounded_qa import Sample
from training.timed_run import TimedSettings, train_for

PROJECTIONS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


@dataclass(frozen=True, slots=True)
class SftSettings(TimedSettings):
    """Hyperparameters.

    compile: let torch fuse the layers' small operations, which needs a C++ compiler on a CPU. It
    costs a minute at the start and then trains 1.5 times as fast there.
    """

    rank: int = 16
    alpha: int = 32
    dropout: float = 0.0
    max_tokens: int = 900
    compile: bool = False


@dataclass(frozen=True, slots=True)
class EncodedSample:
    """Token ids of one sample and the index where its response starts."""

    ids: list[int]
    response_start: int


def encode_samples(
    samples: Sequence[Sample], tokenizer: PreTrainedTokenizerBase, max_tokens: int
) -> list[EncodedSample]:
    """Tokenise; samples longer than `max_tokens` are left out, never cut."""
    encoded = []
    for sample in samples:
        prompt = tokenizer.encode(chat_prompt(sample.prompt))
        response = tokenizer.encode(sample.response + END_OF_TURN, add_special_tokens=False)
        if len(prompt) + len(response) <= max_tokens:
            encoded.append(EncodedSample(prompt + response, len(prompt)))
    return encoded


def response_loss(model: PeftModel, batch: Sequence[EncodedSample]) -> torch.Tensor:
    """Return the mean cross-entropy over the response tokens of a batch."""
    longest = max(len(sample.ids) for sample in batch)
    ids = torch.zeros(len(batch), longest, dtype=torch.long)
    rows: list[int] = []
    columns: list[int] = []
    for row, sample in enumerate(batch):
        ids[row, : len(sample.ids)] = torch.tensor(sample.ids)
        predicting = range(sample.response_start - 1, len(sample.ids) - 1)
        rows.extend([row] * len(predicting))
        columns.extend(predicting)
    device = next(model.parameters()).device
    causal: Any = model.get_base_model()
    # No mask: padding follows the sample, and causal attention never looks ahead.
    hidden = causal.model(input_ids=ids.to(device), use_cache=False)
    picked = hidden.last_hidden_state[rows, columns]
    targets = ids[rows, [column + 1 for column in columns]].to(device)
    return torch.nn.functional.cross_entropy(causal.lm_head(picked).float(), targets)


def train(
    base: Path,
    samples: Sequence[Sample],
    out: Path,
    settings: SftSettings,
    report: Callable[[str], None],
) -> Path:
    """Train an adapter and save it in PEFT form under `out`; returns that folder.

    base: Hugging Face folder of the generator. Progress goes to `out/log.jsonl` and, every ten
    steps, to `report`. An interrupted run resumes from its last checkpoint when called again with
    the same `out`.
    """
    torch.manual_seed(settings.seed)
    tokenizer = AutoTokenizer.from_pretrained(base)
    encoded = encode_samples(samples, tokenizer, settings.max_tokens)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = _adapted(Gemma3ForCausalLM.from_pretrained(base, dtype=torch.bfloat16), out, settings)
    model.to(device).train()
    if settings.compile:
        causal: Any = model.get_base_model()
        for layer in causal.model.layers:
            layer.compile(dynamic=True)
    out.mkdir(parents=True, exist_ok=True)
    (out / "settings.json").write_text(json.dumps(asdict(settings), indent=1))

    def loss_of(batch: Sequence[EncodedSample]) -> torch.Tensor:
        with torch.autocast(device, dtype=torch.bfloat16):
            return response_loss(model, batch)

    train_for(
        [parameter for parameter in model.parameters() if parameter.requires_grad],
        encoded,
        lambda sample: len(sample.ids),
        loss_of,
        lambda folder: model.save_pretrained(str(folder)),
        out,
        settings,
        report,
    )
    return out


def _adapted(model: Gemma3ForCausalLM, out: Path, settings: SftSettings) -> PeftModel:
    if (out / "adapter_config.json").exists():
        return PeftModel.from_pretrained(model, out, is_trainable=True)
    config = LoraConfig(
        r=settings.rank,
        lora_alpha=settings.alpha,
        lora_dropout=settings.dropout,
        target_modules=PROJECTIONS,
        task_type="CAUSAL_LM",
    )
    adapted = get_peft_model(model, config)
    for parameter in adapted.parameters():
        if parameter.requires_grad:
            parameter.data = parameter.data.float()
    return adapted
