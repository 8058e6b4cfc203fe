import json
from pathlib import Path

from safetensors import safe_open
from tokenizers import Tokenizer

from models.bundled import prepare_generator_weights
from models.chat_form import chat_prompt


def test_prepare_generator_weights_gives_a_plain_model_that_training_can_load(
    models_dir: Path,
) -> None:
    folder = prepare_generator_weights(models_dir, lambda _line: None)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    assert "quantization_config" not in config
    assert (config["model_type"], config["num_hidden_layers"]) == ("gemma3_text", 18)
    with safe_open(folder / "model.safetensors", "pt") as weights:
        names = set(weights.keys())
        assert weights.get_slice("model.embed_tokens.weight").get_shape() == [262144, 640]
        assert weights.get_slice("model.norm.weight").get_dtype() == "BF16"
    assert len([name for name in names if name.endswith("q_proj.weight")]) == 18
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    ids = tokenizer.encode(chat_prompt("你好")).ids
    assert ids[-9:] == [105, 2364, 107, 144626, 106, 107, 105, 4368, 107]
