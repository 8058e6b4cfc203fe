"""The bundled generator: Gemma 3 270M with our LoRA adapter, in process through llama.cpp."""

import json
import os
import queue
import secrets
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.chat_form import END_OF_TURN, chat_prompt, estimate_tokens
from models.errors import MissingModelPackage

try:
    import xllamacpp
except ModuleNotFoundError as exc:
    raise MissingModelPackage("xllamacpp", "bundled") from exc


class GenerationFailed(RuntimeError):
    """llama.cpp reported an error for a request."""


@dataclass(frozen=True, slots=True)
class SamplingGuards:
    """Greedy decoding without a repetition penalty: a quote may say a word twice.

    token_bias: (token id, what is added to its logit). An adapter names the first tokens of its
    refusals there, fitted after training: by how much a refusal has to win to be one.
    """

    repeat_penalty: float = 1.0
    seed: int = 7
    token_bias: tuple[tuple[int, float], ...] = ()


class LocalGenerator:
    """A GGUF model, loaded when it is first needed: few questions need it beside a reader.

    Requests from several threads are queued for `slots` at a time.
    """

    def __init__(
        self,
        model: Path,
        adapter: Path | None,
        *,
        context_tokens: int = 2048,
        slots: int = 1,
        threads: int = 0,
    ) -> None:
        parameters = xllamacpp.CommonParams()
        parameters.model.path = str(model)
        parameters.n_ctx = context_tokens * slots
        parameters.n_parallel = slots
        parameters.cpuparams.n_threads = threads or os.cpu_count() or 1
        parameters.verbosity = -1
        # The library opens a loopback port of its own; a random key keeps other programs out of it.
        parameters.api_keys = [secrets.token_hex(16)]
        parameters.endpoint_slots = False
        parameters.warmup = False
        if adapter is not None:
            parameters.lora_adapters = [xllamacpp.CommonAdapterLoraInfo(str(adapter), 1.0)]
        self._parameters = parameters
        self._server: xllamacpp.Server | None = None
        self._loading = threading.Lock()
        self._guards = read_guards(adapter)
        self._context_tokens = context_tokens
        self.name = model.stem + ("+" + adapter.parent.name if adapter else "")

    def load(self) -> "xllamacpp.Server":
        """Load the model unless it is: two seconds. Raises GenerationFailed."""
        with self._loading:
            if self._server is None:
                try:
                    self._server = xllamacpp.Server(self._parameters)
                except RuntimeError as exc:
                    raise GenerationFailed(f"the model cannot be loaded: {exc}") from exc
            return self._server

    def stream(self, prompt: str, *, max_tokens: int) -> Iterator[str]:
        """Yield pieces of the reply; closing the iterator stops the model after its next token.

        max_tokens: 1 or more, and less than the context. Raises GenerationFailed when it is not,
        when the prompt is longer than the context, and when llama.cpp reports an error.
        """
        # llama.cpp would take a negative number for "without end", and cut a reply at the context.
        if not 0 < max_tokens < self._context_tokens:
            raise GenerationFailed(
                f"max_tokens is {max_tokens}, the context holds {self._context_tokens}"
            )
        request = {
            "prompt": chat_prompt(prompt),
            "n_predict": max_tokens,
            "temperature": 0.0,
            "stop": [END_OF_TURN],
            "cache_prompt": True,
            "stream": True,
            "repeat_penalty": self._guards.repeat_penalty,
            "seed": self._guards.seed,
            "logit_bias": [list(pair) for pair in self._guards.token_bias],
        }
        yield from _stream(self.load(), request)

    def count_tokens(self, text: str) -> int:
        """Return an upper estimate of a text's length in the model's tokens."""
        return estimate_tokens(text)


def read_guards(adapter: Path | None) -> SamplingGuards:
    """Return what `serving.json` beside an adapter asks for, or the defaults without that file.

    Raises ValueError or KeyError if the file is not in its form: `{"token_bias": {"48513": -1}}`.
    """
    path = adapter.parent / "serving.json" if adapter else None
    if path is None or not path.is_file():
        return SamplingGuards()
    biases: dict[str, float] = json.loads(path.read_text(encoding="utf-8"))["token_bias"]
    return SamplingGuards(token_bias=tuple((int(i), float(bias)) for i, bias in biases.items()))


_DONE = object()


def _stream(server: Any, request: dict[str, Any]) -> Iterator[str]:
    """Turn the server's callback into an iterator: the model runs ahead of a slow reader."""
    pieces: queue.Queue[Any] = queue.Queue()
    stopped = threading.Event()

    def on_piece(piece: Any) -> bool:
        pieces.put(piece)
        return stopped.is_set()

    def work() -> None:
        try:
            server.handle_completions(request, on_piece)
        except RuntimeError as exc:
            pieces.put(exc)
        finally:
            pieces.put(_DONE)

    worker = threading.Thread(target=work, name="generator", daemon=True)
    worker.start()
    try:
        while (piece := pieces.get()) is not _DONE:
            yield _text_of(piece)
    finally:
        stopped.set()


def _text_of(piece: Any) -> str:
    if isinstance(piece, RuntimeError):
        raise GenerationFailed(str(piece)) from piece
    if "error" in piece:
        raise GenerationFailed(str(piece["error"].get("message", piece["error"])))
    return "".join(choice.get("text") or "" for choice in piece.get("choices", ()))
