from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer

from models.bundled import prepare_encoder
from models.traced import trace_for_single_texts


@pytest.fixture(scope="module")
def model(models_dir: Path) -> SentenceTransformer:
    return SentenceTransformer(str(prepare_encoder(models_dir, lambda _line: None)))


def features_of(
    model: SentenceTransformer, prompt_name: str | None = None
) -> Callable[[Sequence[str]], dict[str, Any]]:
    prompt = model.prompts[prompt_name] if prompt_name else None
    return lambda texts: model.preprocess(list(texts), prompt=prompt)


@pytest.mark.parametrize("prompt_name", ["query", "passage", None])
def test_trace_gives_what_the_model_gives(
    model: SentenceTransformer, prompt_name: str | None
) -> None:
    run = trace_for_single_texts(model, features_of(model))
    assert run is not None
    features = features_of(model, prompt_name)
    for text in ("", "年假？", "How long does the ferry take?", "合同" * 700):
        expected = np.asarray(model.encode([text], prompt_name=prompt_name))
        np.testing.assert_allclose(run(features([text])), expected, atol=1e-4)


def test_trace_that_cannot_be_recorded_is_left_out(
    model: SentenceTransformer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_args: object, **_options: object) -> None:
        raise RuntimeError("an operator cannot be recorded")

    monkeypatch.setattr(torch.jit, "trace", refuse)
    assert trace_for_single_texts(model, features_of(model)) is None
    assert "without a recorded graph" in caplog.text


def test_trace_that_gives_something_else_is_left_out(
    model: SentenceTransformer, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A graph with the example's own answer in it, whatever it is asked.
    monkeypatch.setattr(torch.jit, "trace", lambda call, inputs, **_: lambda *_: call(*inputs))
    assert trace_for_single_texts(model, features_of(model)) is None
