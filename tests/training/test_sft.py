import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import Gemma3ForCausalLM, Gemma3TextConfig, PreTrainedTokenizerFast

from models.chat_form import END_OF_TURN, START_OF_TURN, chat_prompt
from tests.training.interrupted import run_until
from training.data.grounded_qa import Sample
from training.sft import (
    PROJECTIONS,
    EncodedSample,
    SftSettings,
    encode_samples,
    response_loss,
    train,
)

SAMPLES = [
    Sample(f"Area of shed {'A' * number}? Source [1] shed {number}: 40 m2", "40 m2", True)
    for number in range(8)
]
SETTINGS = SftSettings(
    rank=4,
    alpha=8,
    learning_rate=0.02,
    warmup_steps=1,
    batch_size=4,
    max_tokens=200,
    minutes=600.0,
    save_every_steps=4,
)


def byte_tokenizer() -> PreTrainedTokenizerFast:
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({symbol: n for n, symbol in enumerate(alphabet)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([START_OF_TURN, END_OF_TURN])
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer)


def tiny_gemma() -> Gemma3ForCausalLM:
    torch.manual_seed(1)
    config = Gemma3TextConfig(
        vocab_size=260,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=16,
        sliding_window=16,
        max_position_embeddings=256,
        initializer_range=0.3,  # with tied embeddings of 0.02 no adapter could move the logits
    )
    return Gemma3ForCausalLM(config)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("gemma")
    tiny_gemma().bfloat16().save_pretrained(folder)
    byte_tokenizer().save_pretrained(folder)
    return folder


def run_to(step: int, base: Path, out: Path, settings: SftSettings = SETTINGS) -> list[str]:
    return run_until(step, lambda report: train(base, SAMPLES, out, settings, report))


def logged(out: Path) -> list[dict]:
    return [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]


def test_encode_response_starts_where_the_prompt_ends() -> None:
    tokenizer = byte_tokenizer()
    encoded = encode_samples(SAMPLES[:1], tokenizer, 500)
    (sample,) = encoded
    prompt, response = sample.ids[: sample.response_start], sample.ids[sample.response_start :]
    assert tokenizer.decode(prompt) == chat_prompt(SAMPLES[0].prompt)
    assert tokenizer.decode(response) == "40 m2" + END_OF_TURN
    assert response[-1] == tokenizer.convert_tokens_to_ids(END_OF_TURN)


def test_encode_sample_too_long_is_left_out_not_cut() -> None:
    tokenizer = byte_tokenizer()
    longer = replace(SAMPLES[0], response="forty square metres")
    whole = encode_samples([SAMPLES[0], longer], tokenizer, 500)
    limit = len(whole[0].ids)
    assert encode_samples([SAMPLES[0], longer], tokenizer, limit) == whole[:1]
    assert encode_samples([SAMPLES[0], longer], tokenizer, limit - 1) == []


def test_response_loss_is_full_cross_entropy_on_response_tokens() -> None:
    config = LoraConfig(r=4, target_modules=PROJECTIONS, task_type="CAUSAL_LM")
    model = get_peft_model(tiny_gemma(), config)
    assert isinstance(model, PeftModel)
    model.eval()
    # The shorter is padded; its padding must count for nothing.
    batch = [EncodedSample([5, 9, 7, 30, 31, 32, 33], 4), EncodedSample([8, 2, 40, 41], 2)]
    losses = []
    for sample in batch:
        logits = model(input_ids=torch.tensor([sample.ids])).logits[0]
        for position in range(sample.response_start, len(sample.ids)):
            chances = torch.log_softmax(logits[position - 1].float(), dim=-1)
            losses.append(-chances[sample.ids[position]])
    torch.testing.assert_close(
        response_loss(model, batch), torch.stack(losses).mean(), rtol=1e-4, atol=1e-5
    )


@pytest.fixture(scope="module")
def unbroken(base: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """The folder of a run of thirty steps, and what it reported."""
    out = tmp_path_factory.mktemp("unbroken")
    return out, run_to(30, base, out)


@pytest.fixture(scope="module")
def broken(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run killed at step 10, last saved at step 8, and resumed."""
    out = tmp_path_factory.mktemp("broken")
    run_to(10, base, out)
    run_to(20, base, out)
    return out


def test_train_some_steps_lowers_the_loss(unbroken: tuple[Path, list[str]]) -> None:
    lines = unbroken[1]
    assert [line.split()[1] for line in lines] == ["10", "20", "30"]
    losses = [float(line.split("loss ")[1].split()[0]) for line in lines]
    assert losses[-1] < 0.7 * losses[0]


def test_train_interrupted_resumes_from_its_checkpoint(broken: Path) -> None:
    lines = logged(broken)
    assert [line["step"] for line in lines] == [*range(1, 11), *range(9, 21)]
    resumed = lines[10]
    assert resumed["samples"] == 9 * SETTINGS.batch_size
    assert resumed["loss"] < lines[0]["loss"]
    assert not (broken / "partial").exists()


def test_train_resumed_goes_on_with_the_batches_of_an_unbroken_run(
    unbroken: tuple[Path, list[str]], broken: Path
) -> None:
    # A batch is known by its number of tokens.
    expected = [line["tokens"] for line in logged(unbroken[0])][:20]
    found = {line["step"]: line["tokens"] for line in logged(broken)}
    assert list(found.values()) == expected
    assert len(set(expected)) > 1


def test_train_time_used_up_saves_the_adapter_and_stops(base: Path, tmp_path: Path) -> None:
    out = train(
        base, SAMPLES, tmp_path / "out", replace(SETTINGS, minutes=1e-9), lambda _line: None
    )
    assert {"adapter_config.json", "adapter_model.safetensors", "settings.json", "state.pt"} <= {
        path.name for path in out.iterdir()
    }
    assert logged(out) == []
    assert json.loads((out / "settings.json").read_text())["rank"] == SETTINGS.rank


def test_train_compile_fuses_every_layer(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled: list[object] = []
    monkeypatch.setattr(
        torch.nn.Module, "compile", lambda layer, **_options: compiled.append(type(layer).__name__)
    )
    settings = replace(SETTINGS, minutes=1e-9, compile=True)
    train(base, SAMPLES, tmp_path / "out", settings, lambda _line: None)
    assert compiled == ["Gemma3DecoderLayer"] * 2
