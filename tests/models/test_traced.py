from pathlib import Path

import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer

from models.bundled import prepare_encoder
from models.traced import trace_for_single_texts


@pytest.fixture(scope="module")
def model(models_dir: Path) -> SentenceTransformer:
    return SentenceTransformer(str(prepare_encoder(models_dir, lambda _line: None)))


@pytest.mark.parametrize("prompt_name", ["query", None])
def test_trace_gives_what_the_model_gives(
    model: SentenceTransformer, prompt_name: str | None
) -> None:
    embed = trace_for_single_texts(model, prompt_name)
    assert embed is not None
    for text in ("", "年假？", "How long does the ferry take?", "合同" * 700):
        expected = np.asarray(model.encode([text], prompt_name=prompt_name))[0]
        np.testing.assert_allclose(embed(text), expected, atol=1e-4)


def test_trace_that_cannot_be_recorded_is_left_out(
    model: SentenceTransformer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_args: object, **_options: object) -> None:
        raise RuntimeError("an operator cannot be recorded")

    monkeypatch.setattr(torch.jit, "trace", refuse)
    assert trace_for_single_texts(model, "query") is None
    assert "without a recorded graph" in caplog.text


def test_trace_that_gives_something_else_is_left_out(
    model: SentenceTransformer, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A graph with the example's own answer in it, whatever it is asked.
    monkeypatch.setattr(torch.jit, "trace", lambda call, inputs, **_: lambda *_: call(*inputs))
    assert trace_for_single_texts(model, "query") is None
