"""A service started for a measurement."""

import sys
from pathlib import Path

import pytest

from app.settings import Settings
from evaluation import served

READY = """
import os, sys
from http.server import BaseHTTPRequestHandler, HTTPServer
class Ready(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
    def log_message(self, *_): pass
HTTPServer(("127.0.0.1", int(os.environ["YOUJU_PORT"])), Ready).serve_forever()
"""


def test_served_waits_until_ready_and_ends_the_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(served, "_SERVE", READY)
    with served.served(Settings(data_dir=tmp_path), tmp_path / "log") as client:
        assert client.get("/readyz").status_code == 200
        url = client.base_url
    with pytest.raises(served.httpx.TransportError):
        served.httpx.get(url)


def test_served_that_ends_at_once_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(served, "_SERVE", f"print({sys.executable!r}); raise SystemExit(3)")
    log = tmp_path / "log"
    with (
        pytest.raises(served.NotServed, match="did not start"),
        served.served(Settings(data_dir=tmp_path), log),
    ):
        raise AssertionError("unreachable")
    assert sys.executable in log.read_text()
