"""Reads the text in an image with PP-OCRv6 (detection and recognition, Chinese and English).

The weights are those in RapidOCR's wheel. Only the files are used: its code, which fetches what it
does not find, is never imported.
"""

import math
import os
import re
import statistics
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnxruntime.capi.onnxruntime_pybind11_state import RuntimeException

from ingestion.errors import MissingExtra
from ingestion.records import Pixels, RecognisedLine, Recognition

_DETECTOR = "PP-OCRv6_det_small.onnx"
_READER = "PP-OCRv6_rec_small.onnx"
_MOST_THREADS = 2
_DETECTION_PIXELS = 1_000_000
"""A4 at 100 dpi: lines of 6 points and more are still found, and the detector takes a second."""
_STRIDE = 32
_TEXT = 0.3
"""Probability from which a pixel belongs to text."""
_LINE = 0.5
_UNSHRINK = 1.6
"""Detectors of this kind find the core of a line; area * this / girth is what lies around it."""
_MOST_LINES = 2000
_READER_HEIGHT = 48
_WIDEST = 80 * _READER_HEIGHT
_NARROWEST = 16
_LEAST_CONFIDENCE = 0.5
_LEAST_CONFIDENCE_OF_ONE = 0.8
_SAMPLE = 5
_DOUBTFUL = 0.85
_LONGEST_SHAPE = 2.5
"""Height by width from which an image is read in bands, lest its lines become too small."""
_HANZI = "[\u3400-\u4dbf\u4e00-\u9fff]"
_IS_HANZI = re.compile(_HANZI)
_WIDE_GAP = 1.6
_PAIR = re.compile(rf"[(（]([^()（）]*{_HANZI}[^()（）]*)[)）]")
_MARK = re.compile(rf"(?<={_HANZI})[,:;!?](?={_HANZI}|$)")
_WIDE_MARKS = str.maketrans(",:;!?", "，：；！？")

Quads = NDArray[np.float32]  # (n, 4, 2): corners from the upper left one, clockwise, in pixels


class Recogniser:
    """Reads one image at a time. Holds both models, some 40 MB of weights.

    Raises MissingExtra where the weights are not installed.
    """

    def __init__(self) -> None:
        cv2.setNumThreads(1)
        self._detector = _session(_DETECTOR)
        self._reader = _session(_READER)
        known = self._reader.get_modelmeta().custom_metadata_map["character"].splitlines()
        self._characters = ["", *known, " "]
        # Lines side by side take less of the processors than threads within each of them.
        self._pool = ThreadPoolExecutor(min(_MOST_THREADS, os.cpu_count() or 1))

    def __call__(self, image: Pixels) -> Recognition:
        """Return the lines of text in an image, however it is turned.

        Lines of low confidence are left out. O(pixels + length of the lines).
        """
        quads = self._detect(image)
        turns = self._turns(image, quads)
        if turns:
            image = np.ascontiguousarray(np.rot90(image, turns))
            quads = self._detect(image)
        height, width = image.shape[:2]
        angle = skew_of(quads)
        usual = float(np.median(_sizes(quads)[1])) if len(quads) else 0.0
        lines = self._pool.map(lambda quad: self._line(image, quad, usual, angle), quads)
        return Recognition(tuple(line for line in lines if line), width, height, turns, angle)

    def _detect(self, image: Pixels) -> Quads:
        height, width = image.shape[:2]
        found: list[Quads] = []
        for start, end in bands_of(height, width):
            quads = self._detect_in(image[start:end])
            quads[:, :, 1] += start
            middles = quads[:, :, 1].mean(axis=1)
            # Each line is taken from the band in which it lies further from the edge.
            overlap = width // 8
            first = start + overlap if start else 0
            last = end - overlap if end < height else height
            found.append(quads[(middles >= first) & (middles < last)])
        return np.concatenate(found)

    def _detect_in(self, image: Pixels) -> Quads:
        height, width = image.shape[:2]
        scale = min(1.0, math.sqrt(_DETECTION_PIXELS / (height * width)))
        tall, wide = (max(1, round(side * scale / _STRIDE)) * _STRIDE for side in (height, width))
        small = cv2.resize(image, (wide, tall), interpolation=cv2.INTER_AREA)
        heat = _run(self._detector, small)[0, 0]
        quads = quads_of(heat)
        quads *= np.array([width / wide, height / tall], dtype=np.float32)
        quads[:, :, 0] = quads[:, :, 0].clip(0, width - 1)
        quads[:, :, 1] = quads[:, :, 1].clip(0, height - 1)
        return quads

    def _turns(self, image: Pixels, quads: Quads) -> int:
        """Return how many quarters the image must be turned to the left to be upright."""
        across, down = _sizes(quads)
        long = np.maximum(across, down) > 2 * np.minimum(across, down)
        if not long.any():
            return 0
        reach = np.where(long, np.maximum(across, down), 0)
        sample = [_crop(image, quad) for quad in quads[np.argsort(-reach)[:_SAMPLE]]]
        upright = self._confidence(sample, 0)
        if upright >= _DOUBTFUL:
            return 0
        tall = reach[down > across].sum() > 0.6 * reach.sum()
        scores = {turns: self._confidence(sample, turns) for turns in ((1, 3) if tall else (2,))}
        best = max(scores, key=lambda turns: scores[turns])
        return best if scores[best] > upright else 0

    def _confidence(self, crops: Sequence[Pixels], turns: int) -> float:
        return float(np.mean([self._read(np.rot90(crop, turns))[1] for crop in crops]))

    def _line(
        self, image: Pixels, quad: NDArray[np.float32], usual: float, angle: float
    ) -> RecognisedLine | None:
        crop = _crop(image, quad)
        height, width = crop.shape[:2]
        upright = height <= max(2.2 * width, 2 * usual)
        if upright:
            text, confidence = self._read(crop)
        else:
            text, confidence = max(
                (self._read(np.rot90(crop, turns)) for turns in (1, 3)), key=lambda read: read[1]
            )
        text = wide_marks(text.strip())
        needed = _LEAST_CONFIDENCE if len(text) > 1 else _LEAST_CONFIDENCE_OF_ONE
        if not text or confidence < needed:
            return None
        level = _level(quad, image.shape[1] / 2, image.shape[0] / 2, angle)
        (left, top), (right, bottom) = level.min(axis=0).tolist(), level.max(axis=0).tolist()
        return RecognisedLine(text, confidence, left, top, right, bottom, upright)

    def _read(self, crop: Pixels) -> tuple[str, float]:
        """Return the text of one line and how sure it is, 0 to 1 (greedy CTC decoding)."""
        height, width = crop.shape[:2]
        wide = min(_WIDEST, max(_NARROWEST, math.ceil(_READER_HEIGHT * width / height)))
        steps = _run(self._reader, cv2.resize(crop, (wide, _READER_HEIGHT)))[0]
        best = steps.argmax(axis=1)
        kept = best != 0
        kept[1:] &= best[1:] != best[:-1]
        if not kept.any():
            return "", 0.0
        characters = [self._characters[index] for index in best[kept]]
        text = spaced(characters, np.flatnonzero(kept).tolist())
        return text, float(steps.max(axis=1)[kept].mean())


@lru_cache(maxsize=1)
def recogniser() -> Recogniser:
    """Return this process's recogniser, loaded on the first call. Raises MissingExtra."""
    return Recogniser()


def bands_of(height: int, width: int) -> Iterator[tuple[int, int]]:
    """Yield the rows, half-open, of the pieces that an image is read in; they overlap."""
    if height <= _LONGEST_SHAPE * width:
        yield 0, height
        return
    start, tall = 0, 2 * width
    while start + tall < height:
        yield start, start + tall
        start += tall - 2 * (width // 8)
    yield start, height


def quads_of(heat: NDArray[np.float32]) -> Quads:
    """Return the lines in a map of text probabilities (Liao et al. 2020, section 3.4)."""
    mask = cv2.dilate((heat > _TEXT).astype(np.uint8), np.ones((2, 2), np.uint8))
    contours, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    quads = []
    for contour in contours[:_MOST_LINES]:
        middle, (across, down), angle = cv2.minAreaRect(contour)
        if min(across, down) < 3 or _mean_in(heat, contour) < _LINE:
            continue
        around = _UNSHRINK * across * down / (across + down)
        grown = (middle, (across + around, down + around), angle)
        quads.append(_clockwise(cv2.boxPoints(grown)))
    return np.array(quads, dtype=np.float32).reshape(-1, 4, 2)


def skew_of(quads: Quads) -> float:
    """Return how far the lines run down to the right, in radians; 0 where few tell."""
    across, down = _sizes(quads)
    wide = quads[across > 4 * down]
    if len(wide) < 3:
        return 0.0
    runs = (wide[:, 1] + wide[:, 2] - wide[:, 0] - wide[:, 3]) / 2
    return float(np.median(np.arctan2(runs[:, 1], runs[:, 0])))


def spaced(characters: Sequence[str], steps: Sequence[int]) -> str:
    """Return the characters as one text, with a space where two hanzi stand wide apart.

    The reader tells no blank between hanzi, as in 第一条 with the article after it. steps: where
    along the line each character was read.
    """
    gaps = [
        after - before if _IS_HANZI.match(left) and _IS_HANZI.match(right) else 0
        for (before, after), (left, right) in zip(
            pairwise(steps), pairwise(characters), strict=True
        )
    ]
    hanzi = [gap for gap in gaps if gap]
    wide = _WIDE_GAP * statistics.median(hanzi) if len(hanzi) >= 3 else math.inf
    return characters[0] + "".join(
        (" " if gap > wide else "") + character
        for gap, character in zip(gaps, characters[1:], strict=True)
    )


def wide_marks(text: str) -> str:
    """Return the text with full-width punctuation among Chinese characters, as it is printed."""
    text = _PAIR.sub(r"（\1）", text)
    return _MARK.sub(lambda mark: mark[0].translate(_WIDE_MARKS), text)


def _session(name: str) -> onnxruntime.InferenceSession:
    package = find_spec("rapidocr")
    path = Path(package.origin).parent / "models" / name if package and package.origin else None
    if path is None or not path.is_file():
        raise MissingExtra("ocr", "Reading scans and images")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    # Every line has another width: what is kept for the next one would only pile up.
    options.enable_cpu_mem_arena = False
    options.enable_mem_pattern = False
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def _run(session: onnxruntime.InferenceSession, image: Pixels) -> NDArray[np.float32]:
    """Return a model's first output for an image, its values brought to -1 … 1.

    Raises MemoryError.
    """
    values = image.astype(np.float32) / np.float32(127.5) - np.float32(1)
    batch = np.ascontiguousarray(values.transpose(2, 0, 1)[np.newaxis])
    try:
        output: NDArray[np.float32] = session.run(None, {session.get_inputs()[0].name: batch})[0]
    except RuntimeException as exc:
        # The runtime has no class of its own for it.
        if "alloc" in str(exc):
            raise MemoryError from exc
        raise
    return output


def _mean_in(heat: NDArray[np.float32], contour: NDArray[np.int32]) -> float:
    left, top, across, down = cv2.boundingRect(contour)
    mask = np.zeros((down, across), np.uint8)
    cv2.drawContours(mask, [contour - (left, top)], 0, 1, cv2.FILLED)
    return float(cv2.mean(heat[top : top + down, left : left + across], mask)[0])


def _clockwise(corners: NDArray[np.float32]) -> NDArray[np.float32]:
    by_x = corners[np.argsort(corners[:, 0])]
    (top_left, bottom_left), (top_right, bottom_right) = (
        side[np.argsort(side[:, 1])] for side in (by_x[:2], by_x[2:])
    )
    return np.array([top_left, top_right, bottom_right, bottom_left])


def _sizes(quads: Quads) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the width and the height of each quad."""
    return (
        np.linalg.norm(quads[:, 1] - quads[:, 0], axis=1),
        np.linalg.norm(quads[:, 3] - quads[:, 0], axis=1),
    )


def _crop(image: Pixels, quad: NDArray[np.float32]) -> Pixels:
    across, down = (max(1, round(float(size[0]))) for size in _sizes(quad[np.newaxis]))
    target = np.array([[0, 0], [across, 0], [across, down], [0, down]], dtype=np.float32)
    matrix = cv2.getPerspectiveTransform(quad, target)
    crop: Pixels = cv2.warpPerspective(
        image, matrix, (across, down), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return crop


def _level(
    quad: NDArray[np.float32], middle_x: float, middle_y: float, angle: float
) -> NDArray[np.float32]:
    """Return the corners, turned about the image's middle so that lines run level."""
    cos, sin = math.cos(angle), math.sin(angle)
    x, y = quad[:, 0] - middle_x, quad[:, 1] - middle_y
    return np.stack([middle_x + x * cos + y * sin, middle_y - x * sin + y * cos], axis=1)
