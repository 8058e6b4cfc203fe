import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from models.bundled import adapter_path, prepare_generator
from models.chat_form import estimate_tokens
from models.generator import GenerationFailed, LocalGenerator, SamplingGuards, _stream, read_guards

CONTEXT = 256
PROMPT = "根据资料回答问题。\n\n资料[1] 仓库说明\n青松仓库面积为3200平方米。\n\n问题：青松仓库的面积是多少？"


@pytest.fixture(scope="module")
def generator(models_dir: Path) -> LocalGenerator:
    model = prepare_generator(models_dir, lambda _line: None)
    return LocalGenerator(model, adapter_path(), context_tokens=CONTEXT)


def test_load_of_a_damaged_model_says_so(tmp_path: Path) -> None:
    (tmp_path / "broken.gguf").write_bytes(b"no model")
    with pytest.raises(GenerationFailed, match="cannot be loaded"):
        LocalGenerator(tmp_path / "broken.gguf", None).load()


class FakeServer:
    """Plays llama.cpp: hands out its pieces until told to stop, then raises what it was given."""

    def __init__(self, pieces: Iterator[Any], error: Exception | None = None) -> None:
        self._pieces = pieces
        self._error = error
        self.told_to_stop = threading.Event()

    def handle_completions(self, _request: dict[str, Any], on_piece: Callable[[Any], bool]) -> None:
        for piece in self._pieces:
            if on_piece(piece):
                self.told_to_stop.set()
                return
        if self._error:
            raise self._error


def text_piece(text: str | None) -> dict[str, Any]:
    return {"choices": [{"text": text}]}


def endless() -> Iterator[dict[str, Any]]:
    while True:
        yield text_piece("字")


def test_read_guards_takes_the_adapters_own_biases(tmp_path: Path) -> None:
    (tmp_path / "serving.json").write_text('{"token_bias": {"48513": -1.5}}', encoding="utf-8")
    assert read_guards(tmp_path / "adapter.gguf").token_bias == ((48513, -1.5),)


def test_read_guards_without_a_file_or_an_adapter_are_the_defaults(tmp_path: Path) -> None:
    assert read_guards(tmp_path / "adapter.gguf") == read_guards(None) == SamplingGuards()


def test_stream_closed_early_tells_the_server_to_stop() -> None:
    server = FakeServer(endless())
    stream = _stream(server, {})
    assert next(stream) == "字"
    assert not server.told_to_stop.is_set()
    stream.close()
    assert server.told_to_stop.wait(10)


def test_stream_pieces_without_text_give_empty_strings() -> None:
    pieces = [text_piece("三"), text_piece(None), {"choices": []}, {"usage": {}}]
    assert list(_stream(FakeServer(iter(pieces)), {})) == ["三", "", "", ""]


@pytest.mark.parametrize("error", [{"message": "no room"}, "no room"])
def test_stream_error_piece_is_generation_failed(error: Any) -> None:
    piece = {"error": error if isinstance(error, dict) else {"text": error}}
    with pytest.raises(GenerationFailed, match="no room"):
        list(_stream(FakeServer(iter([piece])), {}))


def test_stream_library_error_is_generation_failed_after_what_was_said() -> None:
    stream = _stream(FakeServer(iter([text_piece("三")]), RuntimeError("slot lost")), {})
    assert next(stream) == "三"
    with pytest.raises(GenerationFailed, match="slot lost"):
        next(stream)


def test_generator_same_prompt_twice_gives_the_same_text(generator: LocalGenerator) -> None:
    first = "".join(generator.stream(PROMPT, max_tokens=16))
    assert first.strip()
    assert "<end_of_turn>" not in first
    assert "".join(generator.stream(PROMPT, max_tokens=16)) == first


def test_generator_closed_early_serves_the_next_request(generator: LocalGenerator) -> None:
    whole = "".join(generator.stream(PROMPT, max_tokens=16))
    stopped = generator.stream(PROMPT, max_tokens=CONTEXT - 1)
    assert whole.startswith(next(stopped))
    stopped.close()
    assert "".join(generator.stream(PROMPT, max_tokens=16)) == whole


def test_generator_reply_is_no_longer_than_asked(generator: LocalGenerator) -> None:
    pieces = [piece for piece in generator.stream(PROMPT, max_tokens=1) if piece]
    assert len(pieces) == 1


@pytest.mark.parametrize("max_tokens", [-1, 0, CONTEXT, 10 * CONTEXT])
def test_generator_reply_length_out_of_range_is_refused(
    generator: LocalGenerator, max_tokens: int
) -> None:
    with pytest.raises(GenerationFailed, match="max_tokens"):
        next(generator.stream(PROMPT, max_tokens=max_tokens))


def test_generator_prompt_longer_than_the_context_is_refused_and_the_next_served(
    generator: LocalGenerator,
) -> None:
    with pytest.raises(GenerationFailed, match="context"):
        list(generator.stream("面积" * CONTEXT, max_tokens=8))
    assert "".join(generator.stream(PROMPT, max_tokens=8))


def test_generator_two_threads_at_once_take_turns(generator: LocalGenerator) -> None:
    alone = "".join(generator.stream(PROMPT, max_tokens=8))
    replies: list[str] = []
    threads = [
        threading.Thread(
            target=lambda: replies.append("".join(generator.stream(PROMPT, max_tokens=8)))
        )
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert replies == [alone, alone]


def test_generator_name_and_estimate_are_its_own(generator: LocalGenerator) -> None:
    assert generator.name == "gemma-3-270m-q4_k_m+grounded-qa"
    assert generator.count_tokens("年假 PTO") == estimate_tokens("年假 PTO")
