import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.errors import AddressUnavailable
from app.serving import _listen, greeting, run_service
from app.settings import Settings


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000/"),
        ("::1", "http://[::1]:8000/"),
        ("localhost", "http://localhost:8000/"),
    ],
)
def test_greeting_loopback_is_one_line_with_the_address(host: str, url: str) -> None:
    assert greeting(host, 8000) == [f"Youju is ready: {url}"]


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("0.0.0.0", "http://127.0.0.1:8000/"),
        ("::", "http://[::1]:8000/"),
        ("192.0.2.7", "http://192.0.2.7:8000/"),
    ],
)
def test_greeting_reachable_from_elsewhere_warns(host: str, url: str) -> None:
    ready, warning = greeting(host, 8000)
    assert ready == f"Youju is ready: {url}"
    assert warning.startswith(f"Warning: it listens on {host} and asks nobody for a password")


def test_run_service_host_that_is_not_ours_says_so(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, host="192.0.2.7", port=8000)
    with pytest.raises(AddressUnavailable, match=r"Cannot listen on 192\.0\.2\.7 port 8000: "):
        run_service(settings, lambda _line: None)
    assert list(tmp_path.iterdir()) == []


def test_serve_port_taken_ends_in_one_line(taken_port: int, tmp_path: Path) -> None:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("YOUJU_")}
    done = subprocess.run(
        [sys.executable, "-c", "from app.cli import main; main()", "serve"],
        cwd=Path(__file__).parents[2],
        env=kept | {"YOUJU_DATA_DIR": str(tmp_path), "YOUJU_PORT": str(taken_port)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"Cannot listen on 127.0.0.1 port {taken_port}: Address already in use.")
    assert list(tmp_path.iterdir()) == []


def test_listener_names_its_protocol() -> None:
    # Without it asyncio leaves Nagle's algorithm on: 40 ms more for every answer.
    with _listen("127.0.0.1", 0) as listener:
        assert listener.proto == socket.IPPROTO_TCP
