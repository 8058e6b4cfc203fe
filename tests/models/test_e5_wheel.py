from pathlib import Path

import numpy as np
import pytest

from models.e5_wheel import TrunkShape, WheelFormatError, dequantise_q4, read_wheel_model
from tests.models import e5_files
from tests.models.e5_files import Directory, wheel_bytes

# One block: scale 0.5 as fp16, then byte j = low nibble (weight j), high nibble (weight j + 16).
BLOCK = b"\x00\x38" + bytes([0x8F, 0x08, 0x19] + [0x88] * 13)


@pytest.fixture
def tensors() -> Directory:
    directory = Directory()
    directory.floats("emb.ln.w", [1.5, -2.0, 0.25])
    directory.blocks("emb.word", 32, BLOCK)
    return directory


def read(folder: Path, data: bytes):
    path = folder / "weights.bin"
    path.write_bytes(data)
    return read_wheel_model(path)


def test_dequantise_one_block_puts_low_nibbles_first() -> None:
    expected = np.zeros(32, dtype=np.float32)
    expected[[0, 1, 2]] = [(15 - 8) / 2, (8 - 8) / 2, (9 - 8) / 2]
    expected[[16, 17, 18]] = [(8 - 8) / 2, (0 - 8) / 2, (1 - 8) / 2]
    np.testing.assert_array_equal(dequantise_q4(BLOCK), expected)


def test_dequantise_two_blocks_scales_each_by_its_own() -> None:
    doubled = b"\x00\x3c" + BLOCK[2:]
    values = dequantise_q4(BLOCK + doubled)
    np.testing.assert_array_equal(values[32:], 2 * values[:32])


def test_dequantise_part_of_a_block_is_refused() -> None:
    with pytest.raises(WheelFormatError, match="17 bytes"):
        dequantise_q4(BLOCK[:-1])


def test_read_gives_sizes_pieces_map_and_tensors(tmp_path: Path, tensors: Directory) -> None:
    wheel = read(tmp_path, wheel_bytes(tensors, normalisation={"Ａ": "A", "㎡": "m2"}))
    assert wheel.shape == TrunkShape(4, 2, 2, 32, 8, 6, 2, float(np.float32(1e-12)))
    assert list(wheel.pieces) == e5_files.PIECES
    assert wheel.normalisation == {"Ａ": "A", "㎡": "m2"}
    np.testing.assert_array_equal(wheel.tensors["emb.ln.w"], [1.5, -2.0, 0.25])
    np.testing.assert_array_equal(wheel.tensors["emb.word"], dequantise_q4(BLOCK))


def test_read_wrong_magic_is_refused(tmp_path: Path, tensors: Directory) -> None:
    with pytest.raises(WheelFormatError, match="E5S1"):
        read(tmp_path, wheel_bytes(tensors, magic=b"GGUF"))


def test_read_wrong_block_is_refused(tmp_path: Path, tensors: Directory) -> None:
    with pytest.raises(WheelFormatError, match="block is 64"):
        read(tmp_path, wheel_bytes(tensors, block=64))


def test_read_file_cut_anywhere_is_refused(tmp_path: Path, tensors: Directory) -> None:
    data = wheel_bytes(tensors, normalisation={"Ａ": "A"})
    for length in range(len(data)):
        with pytest.raises(WheelFormatError):
            read(tmp_path, data[:length])
    with pytest.raises(WheelFormatError, match=r"ends inside tensor emb\.word"):
        read(tmp_path, data[:-1])


def test_read_tensor_of_another_size_is_refused(tmp_path: Path, tensors: Directory) -> None:
    tensors.blocks("emb.word", 33, BLOCK)
    with pytest.raises(WheelFormatError, match=r"emb\.word has 32 values, expected 33"):
        read(tmp_path, wheel_bytes(tensors))


def test_read_tensor_of_unknown_kind_is_refused(tmp_path: Path, tensors: Directory) -> None:
    tensors.entries["emb.word"] = (7, 32, BLOCK)
    with pytest.raises(WheelFormatError, match="unknown kind 7"):
        read(tmp_path, wheel_bytes(tensors))
