import socket
import time
from collections.abc import Iterator

import pytest

from generation.chat import ChatGenerator
from generation.errors import GeneratorUnavailable
from tests.generation.scripted_server import (
    DONE,
    Reply,
    ScriptedServer,
    endless,
    event,
    status,
    stream_of,
)


class Clock:
    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.ahead


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def generator(server: ScriptedServer, clock: Clock, pauses: list[float]) -> Iterator[ChatGenerator]:
    made = chat(server.url, clock, pauses)
    yield made
    made.close()


def chat(url: str, clock: Clock, pauses: list[float], seconds: float = 5.0) -> ChatGenerator:
    return ChatGenerator(
        url,
        "small",
        "key-1",
        timeout_seconds=seconds,
        breaker_failures=2,
        breaker_seconds=60,
        clock=clock,
        pause=pauses.append,
    )


def ask(generator: ChatGenerator) -> list[str]:
    return list(generator.stream("问题", max_tokens=20))


def test_stream_yields_pieces_and_asks_as_configured(
    server: ScriptedServer, generator: ChatGenerator
) -> None:
    server.replies = [stream_of(b": hello\n\n", event("你"), event("好。", "stop"), DONE)]
    assert ask(generator) == ["你", "好。"]
    path, headers, body = server.requests[0]
    assert path == "/v1/chat/completions"
    assert headers["Authorization"] == "Bearer key-1"
    assert (body["temperature"], body["max_tokens"], body["stream"]) == (0, 20, True)
    assert body["messages"] == [{"role": "user", "content": "问题"}]
    assert generator.name == body["model"] == "small"


def test_stream_split_inside_characters_and_lines_is_read_whole(
    server: ScriptedServer, generator: ChatGenerator
) -> None:
    data = 'data: {"choices":[{"delta":{"content":"有据"}}]}\r\n\r\n'.encode() + DONE
    server.replies = [stream_of(*(data[at : at + 1] for at in range(len(data))))]
    assert ask(generator) == ["有据"]


def test_stream_without_done_but_finished_is_complete(
    server: ScriptedServer, generator: ChatGenerator
) -> None:
    server.replies = [stream_of(b'data: {"choices":[]}\n\n', event("好", "length"))]
    assert ask(generator) == ["好"]


def test_stream_that_dies_midway_gives_its_pieces_then_raises(
    server: ScriptedServer, generator: ChatGenerator
) -> None:
    server.replies = [stream_of(event("一"), event("二"))]
    stream = generator.stream("问", max_tokens=9)
    assert [next(stream), next(stream)] == ["一", "二"]
    with pytest.raises(GeneratorUnavailable, match="ended before"):
        next(stream)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("reply", "detail"),
    [
        (status(500, "boom"), "500: boom"),
        (status(404), "404"),
        (status(302), "302"),
        (stream_of(b"data: {broken\n\n"), "malformed"),
        (stream_of(b'data: {"choices":[{}]}\n\n'), "malformed"),
        (stream_of(b"data: 5\n\n"), "malformed"),
        (stream_of(b'data: {"choices":[{"delta":{"content":7}}]}\n\n'), "malformed"),
        (stream_of(b'data: {"error":{"message":"out of memory"}}\n\n'), "out of memory"),
        (stream_of(b"x" * (1 << 20), b"x" * 9), "too long"),
        (stream_of(), "ended before"),
    ],
)
def test_stream_of_bad_answer_raises_once_without_retry(
    server: ScriptedServer, generator: ChatGenerator, reply: Reply, detail: str
) -> None:
    server.replies = [reply]
    with pytest.raises(GeneratorUnavailable, match=detail) as raised:
        ask(generator)
    assert "key-1" not in str(raised.value)
    assert len(server.requests) == 1


def test_stream_after_503_tries_once_more(
    server: ScriptedServer, generator: ChatGenerator, pauses: list[float]
) -> None:
    server.replies = [status(503), stream_of(event("好"), DONE)]
    assert ask(generator) == ["好"]
    assert pauses == [0.25]


def test_stream_after_two_503_raises(server: ScriptedServer, generator: ChatGenerator) -> None:
    server.replies = [status(503), status(503)]
    with pytest.raises(GeneratorUnavailable, match="503"):
        ask(generator)
    assert len(server.requests) == 2


def test_stream_without_a_server_tries_twice_and_raises(clock: Clock, pauses: list[float]) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        generator = chat(f"http://127.0.0.1:{unused.getsockname()[1]}/v1/", clock, pauses)
        with pytest.raises(GeneratorUnavailable, match="ConnectError"):
            ask(generator)
        generator.close()
    assert pauses == [0.25]


def test_stream_from_silent_server_times_out(
    server: ScriptedServer, clock: Clock, pauses: list[float]
) -> None:
    generator = chat(server.url, clock, pauses, seconds=0.1)
    server.replies = [endless(lambda _: b"", 0.01)]
    with pytest.raises(GeneratorUnavailable, match="ReadTimeout"):
        ask(generator)
    generator.close()


@pytest.mark.parametrize("nothing", [b": ping\n\n", event(""), b'data: {"choices": []}\n\n'])
def test_stream_without_text_times_out(
    server: ScriptedServer, clock: Clock, pauses: list[float], nothing: bytes
) -> None:
    generator = chat(server.url, clock, pauses, seconds=0.3)
    server.replies = [endless(lambda _: nothing, 0.01)]
    with pytest.raises(GeneratorUnavailable, match="no text for"):
        ask(generator)
    generator.close()
    assert server.client_left.wait(5)


def test_stream_of_thoughts_is_progress(
    server: ScriptedServer, clock: Clock, pauses: list[float]
) -> None:
    generator = chat(server.url, clock, pauses, seconds=0.3)
    thought = b'data: {"choices": [{"delta": {"reasoning_content": "hm"}}]}\n\n'

    def thinking(number: int) -> bytes:
        return thought if number < 60 else event("好。") + b"data: [DONE]\n\n"

    server.replies = [endless(thinking, 0.01)]
    assert ask(generator) == ["好。"]
    generator.close()


def test_stream_closed_early_closes_the_request(
    server: ScriptedServer, generator: ChatGenerator
) -> None:
    server.replies = [endless(lambda number: event(f"{number} "), 0.005)]
    stream = generator.stream("问", max_tokens=9)
    assert next(stream) == "0 "
    stream.close()  # type: ignore[attr-defined]  # the iterator is a generator
    assert server.client_left.wait(5)


def test_stream_of_looping_model_ends_by_itself(
    server: ScriptedServer, generator: ChatGenerator
) -> None:
    server.replies = [endless(lambda _: event("我不知道"), 0.001)]
    assert len(ask(generator)) < 20
    assert server.client_left.wait(5)


def test_stream_after_failures_in_a_row_leaves_the_server_alone_then_probes(
    server: ScriptedServer, generator: ChatGenerator, clock: Clock
) -> None:
    server.replies = [status(500), status(500)]
    for _ in range(3):
        with pytest.raises(GeneratorUnavailable):
            ask(generator)
    assert len(server.requests) == 2
    clock.ahead = 61
    server.replies = [stream_of(event("好"), DONE), stream_of(event("又"), DONE)]
    assert ask(generator) == ["好"]
    assert ask(generator) == ["又"]


def test_stream_after_refused_requests_keeps_the_circuit_closed(
    server: ScriptedServer, generator: ChatGenerator
) -> None:
    server.replies = [status(400)] * 3 + [stream_of(event("好"), DONE)]
    for _ in range(3):
        with pytest.raises(GeneratorUnavailable, match="400"):
            ask(generator)
    assert ask(generator) == ["好"]


def test_stream_ignores_proxies_of_the_environment(
    server: ScriptedServer, clock: Clock, pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    generator = chat(server.url, clock, pauses)
    server.replies = [stream_of(event("好"), DONE)]
    assert ask(generator) == ["好"]
    generator.close()


@pytest.mark.parametrize(
    ("text", "count"), [("", 0), ("你好。", 3), ("hello world", 4), ("2020", 4), ("é", 2)]
)
def test_count_tokens_of_text_is_a_safe_estimate(
    generator: ChatGenerator, text: str, count: int
) -> None:
    assert generator.count_tokens(text) == count
