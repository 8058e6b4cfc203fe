from collections.abc import Iterator
from typing import cast

import pytest

from generation.errors import GeneratorUnavailable
from generation.local import BundledGenerator
from models.generator import GenerationFailed, LocalGenerator


class FakeModel:
    """A loaded model that says one piece and then, if told so, fails."""

    name = "gemma+qa"

    def __init__(self, error: Exception | None = None) -> None:
        self._error = error
        self.closed = False
        self.asked: tuple[str, int] | None = None

    def stream(self, prompt: str, *, max_tokens: int) -> Iterator[str]:
        self.asked = (prompt, max_tokens)
        try:
            yield "三十"
            if self._error:
                raise self._error
            yield "日"
        finally:
            self.closed = True

    def count_tokens(self, text: str) -> int:
        return 2 * len(text)


def bundled(model: FakeModel) -> BundledGenerator:
    return BundledGenerator(cast(LocalGenerator, model))


def test_stream_passes_prompt_and_pieces_on() -> None:
    model = FakeModel()
    generator = bundled(model)
    assert list(generator.stream("问", max_tokens=7)) == ["三十", "日"]
    assert model.asked == ("问", 7)
    assert (generator.name, generator.count_tokens("多少")) == ("gemma+qa", 4)


def test_stream_closed_early_closes_the_model() -> None:
    model = FakeModel()
    pieces = bundled(model).stream("问", max_tokens=7)
    next(pieces)
    pieces.close()
    assert model.closed


def test_stream_failure_of_the_model_is_generator_unavailable() -> None:
    pieces = bundled(FakeModel(GenerationFailed("no slot"))).stream("问", max_tokens=7)
    assert next(pieces) == "三十"
    with pytest.raises(GeneratorUnavailable, match=r"gemma\+qa is unavailable: no slot"):
        next(pieces)


def test_stream_defect_is_not_taken_for_an_outage() -> None:
    with pytest.raises(KeyError):
        list(bundled(FakeModel(KeyError("x"))).stream("问", max_tokens=7))
