import json
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import BertModel, PreTrainedTokenizerFast

from models.e5_convert import build_trunk, parameter_name, write_sentence_transformer
from models.e5_wheel import TrunkShape, WheelFormatError, WheelModel
from tests.models import e5_files
from tests.models.e5_files import Directory, trunk_shapes, trunk_values, wheel_bytes

SHAPE = TrunkShape(
    e5_files.HIDDEN,
    e5_files.LAYERS,
    e5_files.HEADS,
    e5_files.FFN,
    e5_files.VOCABULARY,
    e5_files.POSITIONS,
    e5_files.TYPES,
    1e-12,
)


def tiny_wheel(**changes: np.ndarray) -> WheelModel:
    tensors = {name: values.reshape(-1) for name, values in trunk_values().items()} | changes
    return WheelModel(SHAPE, tuple(e5_files.PIECES), {}, tensors)


@pytest.mark.parametrize(
    ("tensor", "parameter"),
    [
        ("emb.word", "embeddings.word_embeddings.weight"),
        ("emb.ln.b", "embeddings.LayerNorm.bias"),
        ("l3.q.w", "encoder.layer.3.attention.self.query.weight"),
        ("l11.ao.b", "encoder.layer.11.attention.output.dense.bias"),
        ("l0.aln.w", "encoder.layer.0.attention.output.LayerNorm.weight"),
        ("l0.fi.w", "encoder.layer.0.intermediate.dense.weight"),
        ("l0.oln.b", "encoder.layer.0.output.LayerNorm.bias"),
    ],
)
def test_parameter_name_known_tensor_gives_its_place(tensor: str, parameter: str) -> None:
    assert parameter_name(tensor) == parameter


@pytest.mark.parametrize("tensor", ["head.w", "l1.zz.w", "l1.q.x", "emb", "lx.q.w"])
def test_parameter_name_unknown_tensor_is_refused(tensor: str) -> None:
    with pytest.raises(WheelFormatError, match="has no place"):
        parameter_name(tensor)


def test_trunk_every_tensor_is_in_its_place() -> None:
    state = build_trunk(tiny_wheel()).state_dict()
    for name, values in trunk_values().items():
        np.testing.assert_array_equal(state[parameter_name(name)].numpy(), values)
    placed = {parameter_name(name) for name in trunk_shapes()}
    assert set(state) - placed == {"pooler.dense.weight", "pooler.dense.bias"}


def test_trunk_missing_tensor_is_refused_by_name() -> None:
    wheel = tiny_wheel()
    del wheel.tensors["l1.fo.w"]
    with pytest.raises(WheelFormatError, match=r"encoder\.layer\.1\.output\.dense\.weight"):
        build_trunk(wheel)


def test_trunk_tensor_of_a_layer_too_many_is_refused() -> None:
    with pytest.raises(WheelFormatError, match=r"l9\.q\.w has no place"):
        build_trunk(tiny_wheel(**{"l9.q.w": np.zeros(16, dtype=np.float32)}))


def test_trunk_tensor_of_the_wrong_size_is_refused() -> None:
    with pytest.raises(WheelFormatError, match="has 15 values, expected 16"):
        build_trunk(tiny_wheel(**{"l0.q.w": np.zeros(15, dtype=np.float32)}))


def test_write_folder_holds_trunk_tokenizer_and_pooling(tmp_path: Path) -> None:
    tensors = Directory()
    for name, values in trunk_values().items():
        tensors.floats(name, values)
    source, folder = tmp_path / "weights.bin", tmp_path / "model"
    source.write_bytes(wheel_bytes(tensors))
    folder.mkdir()
    write_sentence_transformer(source, folder)

    trunk = BertModel.from_pretrained(folder)
    word = trunk.get_parameter("embeddings.word_embeddings.weight").float()
    torch.testing.assert_close(
        word, torch.from_numpy(trunk_values()["emb.word"]), rtol=0.01, atol=0
    )
    tokenizer = PreTrainedTokenizerFast.from_pretrained(folder)
    assert tokenizer("有据")["input_ids"] == [0, 4, 2]
    assert tokenizer.model_max_length == e5_files.POSITIONS
    modules = json.loads((folder / "modules.json").read_text(encoding="utf-8"))
    assert [module["path"] for module in modules] == ["", "1_Pooling", "2_Normalize"]
    pooling = json.loads((folder / "1_Pooling" / "config.json").read_text(encoding="utf-8"))
    assert pooling["pooling_mode_mean_tokens"] is True
