import math
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
from onnxruntime.capi.onnxruntime_pybind11_state import RuntimeException
from PIL import Image, ImageDraw, ImageFont

from ingestion import ocr
from ingestion.errors import MissingExtra
from ingestion.ocr import bands_of, recogniser, skew_of, spaced, wide_marks

WORDS = ["Invoice number 2024 0917", "Total amount 1350.75", "Paid in full"]


def drawn(quarters=0, degrees=0.0):
    image = Image.new("RGB", (560, 240), "white")
    pen = ImageDraw.Draw(image)
    for row, words in enumerate(WORDS):
        pen.text((40, 30 + 60 * row), words, fill="black", font=ImageFont.load_default(size=30))
    image = image.rotate(degrees, fillcolor="white", expand=True)
    return np.ascontiguousarray(np.rot90(np.asarray(image), quarters))


@pytest.mark.parametrize("quarters", [0, 1, 2])
def test_recogniser_reads_lines_however_the_image_is_turned(quarters):
    found = recogniser()(drawn(quarters))
    assert [line.text for line in sorted(found.lines, key=lambda line: line.top)] == WORDS
    assert found.turns == -quarters % 4
    assert all(line.confidence > 0.8 and line.upright for line in found.lines)


def test_recogniser_levels_the_lines_of_a_skewed_image():
    found = recogniser()(drawn(degrees=5))
    assert found.angle == pytest.approx(-math.radians(5), abs=0.02)
    lefts = [line.left for line in found.lines]
    assert max(lefts) - min(lefts) < 12


def test_recogniser_finds_nothing_on_an_empty_image():
    assert recogniser()(np.full((64, 64, 3), 255, np.uint8)).lines == ()


def test_recogniser_without_its_weights_raises_missing_extra(monkeypatch):
    monkeypatch.setattr(ocr, "_DETECTOR", "no-such-model.onnx")
    with pytest.raises(MissingExtra, match=r"youju\[ocr\]"):
        ocr.Recogniser()


def test_bands_of_a_long_image_overlap_and_cover_it():
    assert list(bands_of(100, 80)) == [(0, 100)]
    bands = list(bands_of(1000, 100))
    assert bands[0][0] == 0 and bands[-1][1] == 1000
    assert all(after[0] < before[1] for before, after in pairwise(bands))


def test_skew_of_few_lines_is_none():
    assert skew_of(np.zeros((0, 4, 2), np.float32)) == 0.0


def test_spaced_sets_hanzi_apart_that_stand_wide_apart():
    assert spaced("第一条在中国", [0, 4, 8, 16, 20, 24]) == "第一条 在中国"
    assert spaced("第一条，在", [0, 4, 8, 12, 20]) == "第一条，在"


def test_wide_marks_follow_chinese_characters_only():
    assert wide_marks("(二)土地,房屋") == "（二）土地，房屋"
    assert wide_marks("git-config(1), see 2:3") == "git-config(1), see 2:3"


@pytest.mark.parametrize(("message", "error"), [("bad allocation", MemoryError), ("shape", None)])
def test_model_that_finds_no_memory_says_so(message, error):
    class Session:
        def get_inputs(self):
            return [SimpleNamespace(name="x")]

        def run(self, _names, _inputs):
            raise RuntimeException(message)

    with pytest.raises(error or RuntimeException):
        ocr._run(Session(), np.zeros((2, 2, 3), np.uint8))
