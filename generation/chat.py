"""A generator behind an OpenAI-compatible HTTP server, such as vLLM."""

import json
import math
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx

from generation.circuit import CircuitBreaker
from generation.errors import GeneratorUnavailable
from generation.reply_sentences import is_looping

_STOP = ("<end_of_turn>", "<start_of_turn>", "<|im_end|>", "<|eot_id|>")
_LONGEST_LINE = 1 << 20
_DETAIL_BYTES = 200
_CONNECT_SECONDS = 5.0
_LOOP_WINDOW = 256


class ChatGenerator:
    """Implements `generation.ports.Generator` over `POST {url}/v1/chat/completions`.

    url: the server's address, with or without `/v1`. Only it is ever contacted: proxies of the
    environment are ignored and redirects refused. key: bearer token, or None. timeout_seconds:
    longest wait for each piece of text (to connect, 5 seconds at most). Connection errors and 503
    before the first piece are tried again once, after `backoff_seconds`. After `breaker_failures`
    failures in a row the server is left alone for `breaker_seconds`. Safe to share between
    threads. Raises httpx.InvalidURL if the address is none.
    """

    def __init__(
        self,
        url: str,
        model: str,
        key: str | None,
        *,
        timeout_seconds: float,
        backoff_seconds: float = 0.25,
        breaker_failures: int = 3,
        breaker_seconds: float = 15.0,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        base = url.rstrip("/").removesuffix("/v1")
        self._url = httpx.URL(f"{base}/v1/chat/completions")
        self._model = model
        self._seconds = timeout_seconds
        self._backoff = backoff_seconds
        self._clock = clock
        self._pause = pause
        self._breaker = CircuitBreaker(
            failures=breaker_failures, open_seconds=breaker_seconds, clock=clock
        )
        self._client = httpx.Client(
            timeout=httpx.Timeout(timeout_seconds, connect=min(timeout_seconds, _CONNECT_SECONDS)),
            trust_env=False,
            follow_redirects=False,
            headers={"Authorization": f"Bearer {key}"} if key else {},
        )

    @property
    def name(self) -> str:
        """Return the model's name."""
        return self._model

    @property
    def is_up(self) -> bool:
        """Return False from the failure that opened the circuit until the server answers again."""
        return not self._breaker.is_open

    def close(self) -> None:
        """Close the idle connections."""
        self._client.close()

    def stream(self, prompt: str, *, max_tokens: int) -> Iterator[str]:
        """Yield pieces of the reply at temperature 0; closing the iterator closes the request.

        Ends early when the model repeats itself over and over. Raises GeneratorUnavailable when
        the circuit is open, the server can't be reached, refuses, is too slow, says what is no
        chat stream, or stops before it said that it has finished.
        """
        if not self._breaker.admits():
            raise self._unavailable("it failed several times in a row and is being left alone")
        report = self._breaker.gave_up
        try:
            tail = ""
            for piece in self._pieces(prompt, max_tokens):
                report = self._breaker.succeeded
                tail = (tail + piece)[-_LOOP_WINDOW:]
                if is_looping(tail):
                    return
                yield piece
            report = self._breaker.succeeded
        except _Refused as error:
            report = self._breaker.succeeded if error.is_answer else self._breaker.failed
            raise self._unavailable(str(error)) from error
        except httpx.HTTPError as error:
            report = self._breaker.failed
            raise self._unavailable(_describe(error)) from error
        finally:
            report()

    def count_tokens(self, text: str) -> int:
        """Return an estimate above what today's multilingual tokenizers need.

        The server's tokenizer is not known here. Counted are one token per Chinese, Japanese or
        Korean character, per digit and per sign, one per three letters of a Latin word (rounded
        up), and one per UTF-8 byte of anything else.
        """
        total, letters = 0, 0
        for character in text:
            if character.isascii() and character.isalpha():
                letters += 1
                continue
            total += math.ceil(letters / 3) + _tokens_of(character)
            letters = 0
        return total + math.ceil(letters / 3)

    def _pieces(self, prompt: str, max_tokens: int) -> Iterator[str]:
        body = {
            "model": self._model,
            "messages": [{"role": "user", "content": prompt}],
            "temperature": 0,
            "max_tokens": max_tokens,
            "stop": list(_STOP),
            "stream": True,
        }
        response = self._open(body)
        try:
            yield from _read_stream(response, self._seconds, self._clock)
        finally:
            response.close()

    def _open(self, body: dict[str, Any]) -> httpx.Response:
        """Return the response, its head read. Tries twice where that can help."""
        try:
            return self._send(body)
        except (httpx.ConnectError, httpx.ConnectTimeout):
            pass
        except _Refused as error:
            if error.status != httpx.codes.SERVICE_UNAVAILABLE:
                raise
        self._pause(self._backoff)
        return self._send(body)

    def _send(self, body: dict[str, Any]) -> httpx.Response:
        request = self._client.build_request("POST", self._url, json=body)
        response = self._client.send(request, stream=True)
        if response.status_code == httpx.codes.OK:
            return response
        try:
            detail = next(response.iter_bytes(), b"")[:_DETAIL_BYTES].decode("utf-8", "replace")
        finally:
            response.close()
        raise _Refused(f"HTTP {response.status_code}: {detail}", response.status_code)

    def _unavailable(self, detail: str) -> GeneratorUnavailable:
        return GeneratorUnavailable(self._model, detail)


class _Refused(Exception):
    """The server answered, but not with a chat stream."""

    def __init__(self, detail: str, status: int | None) -> None:
        super().__init__(detail)
        self.status = status

    @property
    def is_answer(self) -> bool:
        """Tell whether the server is alive and only this request is at fault (4xx)."""
        overloaded = (httpx.codes.REQUEST_TIMEOUT, httpx.codes.TOO_MANY_REQUESTS)
        return (
            self.status is not None and 400 <= self.status < 500 and self.status not in overloaded
        )


def _read_stream(
    response: httpx.Response, seconds: float, clock: Callable[[], float]
) -> Iterator[str]:
    """Yield what the reply says.

    Only words and thoughts count as progress: a server that sends nothing else for `seconds`,
    comments that keep a line alive or events without text, is given up.
    """
    finished, last = False, clock()
    for data in _events(response):
        if data == "[DONE]":
            return
        piece, thought, ended = _parse_event(data) if data else ("", False, False)
        finished = finished or ended
        if piece:
            yield piece
        if piece or thought:
            last = clock()
        elif clock() - last > seconds:
            raise _Refused(f"no text for {seconds:g} seconds", None)
    if not finished:
        raise _Refused("the stream ended before the reply did", None)


def _events(response: httpx.Response) -> Iterator[str]:
    """Yield the data of each server-sent event, and nothing ("") after bytes that hold none."""
    pending = b""
    for chunk in response.iter_bytes():
        *lines, pending = (pending + chunk).split(b"\n")
        for line in lines:
            text = line.decode("utf-8", "replace").strip()
            if text.startswith("data:"):
                yield text.removeprefix("data:").strip()
        yield ""
        if len(pending) > _LONGEST_LINE:
            raise _Refused("a line of the stream is too long", None)


def _parse_event(data: str) -> tuple[str, bool, bool]:
    """Return an event's text, whether it has a thought, and whether it ends the reply."""
    try:
        event = json.loads(data)
        if "error" in event:
            raise _Refused(f"the server reports {str(event['error'])[:_DETAIL_BYTES]}", None)
        if not event["choices"]:
            return "", False, False
        choice = event["choices"][0]
        piece = choice["delta"].get("content") or ""
        # A model that thinks aloud does so under one of two names, by its server.
        thought = bool(choice["delta"].get("reasoning_content") or choice["delta"].get("reasoning"))
        ended = choice.get("finish_reason") is not None
    except (
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        IndexError,
        RecursionError,
    ) as error:
        raise _Refused(f"malformed event {data[:_DETAIL_BYTES]!r}", None) from error
    if not isinstance(piece, str):
        raise _Refused(f"malformed event {data[:_DETAIL_BYTES]!r}", None)
    return piece, thought, ended


def _describe(error: httpx.HTTPError) -> str:
    return f"{type(error).__name__} {error}".strip()


def _tokens_of(character: str) -> int:
    if character.isspace():
        return 0 if character == " " else 1
    if (
        character.isascii()
        or "\u2e80" <= character <= "\ufaff"
        or "\uff00" <= character <= "\uffef"
    ):
        return 1
    return len(character.encode("utf-8", "surrogatepass"))
