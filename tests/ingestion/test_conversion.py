import http.server
import os
import stat
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil
import pytest

from ingestion import conversion, media
from ingestion.conversion import convert, find_libreoffice, missing_libreoffice
from ingestion.errors import BrokenDocument, ParserFailed, UnsupportedMedia

installed = pytest.mark.skipif(find_libreoffice() is None, reason="LibreOffice is not installed")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def program(folder, body):
    """Return a program that is called as LibreOffice is; `source` and `target` are its files."""
    path = folder / "soffice"
    path.write_text(
        f"#!{sys.executable}\nimport os, pathlib, socket, sys, time\n"
        "source = pathlib.Path(sys.argv[-1])\n"
        "target = pathlib.Path(sys.argv[-2], source.stem + '.docx')\n"
        f"target.parent.mkdir(exist_ok=True)\n{body}\n"
    )
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def left_over(folder):
    return [path.name for path in folder.glob("youju-office-*")]


def gone(pid):
    for _ in range(100):
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.05)
    return False


def test_convert_returns_what_the_program_makes_and_leaves_nothing(folder):
    soffice = program(folder, "target.write_bytes(source.read_bytes().upper())")
    assert convert(b"text", media.DOC, program=soffice) == b"TEXT"
    assert left_over(folder) == []


def test_convert_profile_forbids_macros_and_links(folder):
    body = (
        "place = next(a for a in sys.argv if a.startswith('-env:')).split('file://')[1]\n"
        "target.write_bytes(open(place + '/user/registrymodifications.xcu', 'rb').read())"
    )
    profile = convert(b"text", media.DOC, program=program(folder, body)).decode()
    for name in ("DisableMacrosExecution", "BlockUntrustedRefererLinks"):
        assert f'name="{name}" oor:op="fuse"><value>true<' in profile


def test_convert_starts_the_program_again_where_it_asks_for_it(folder):
    body = (
        "mark = source.with_name('mark')\n"
        "if not mark.exists(): mark.touch(); sys.exit(81)\n"
        "target.write_bytes(b'done')"
    )
    assert convert(b"text", media.DOC, program=program(folder, body)) == b"done"


def test_convert_program_reaches_no_network(folder):
    with http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as server:
        body = (
            "problems = []\n"
            "for family in (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX):\n"
            "    try:\n"
            f"        socket.socket(family).connect(('127.0.0.1', {server.server_port})"
            " if family != socket.AF_UNIX else '/nowhere')\n"
            "    except OSError as exc: problems.append(str(exc.errno))\n"
            "target.write_bytes(' '.join(problems).encode())"
        )
        assert convert(b"text", media.DOC, program=program(folder, body)) == b"13 13 13"


@pytest.mark.parametrize("body", ["sys.exit(3)", "os.abort()", "target.write_bytes(b'')"])
def test_convert_program_that_makes_nothing_raises_broken_document(folder, body):
    with pytest.raises(BrokenDocument, match="LibreOffice Writer"):
        convert(b"text", media.DOC, program=program(folder, body))
    assert left_over(folder) == []


def test_convert_program_over_its_time_is_killed_with_its_children(folder):
    pids = folder / "pids"
    body = f"child = os.fork()\nopen({str(pids)!r}, 'a').write(f'{{os.getpid()}} ')\ntime.sleep(60)"
    with pytest.raises(ParserFailed, match="more than 1 seconds") as caught:
        convert(b"text", media.DOC, program=program(folder, body), seconds=1)
    assert caught.value.code == "deadline_exceeded"
    assert all(gone(int(pid)) for pid in pids.read_text().split())
    assert left_over(folder) == []


def test_convert_killed_caller_leaves_neither_program_nor_folder(folder):
    pid = folder / "pid"
    body = f"open({str(pid)!r} + '_', 'w').write(str(os.getpid()))\n"
    body += f"os.rename({str(pid)!r} + '_', {str(pid)!r})\ntime.sleep(60)"
    code = (
        "import tempfile\nfrom ingestion import conversion, media\n"
        f"tempfile.tempdir = {str(folder)!r}\n"
        f"conversion.convert(b'text', media.DOC, program={program(folder, body)!r})"
    )
    with subprocess.Popen([sys.executable, "-c", code], cwd=Path(__file__).parents[2]) as caller:
        while not pid.exists():
            assert caller.poll() is None
            time.sleep(0.05)
        caller.kill()
    assert gone(int(pid.read_text()))
    for _ in range(100):
        if not left_over(folder):
            break
        time.sleep(0.05)
    assert left_over(folder) == []


def test_convert_removes_what_was_forgotten_long_ago(folder):
    old, new = folder / "youju-office-old", folder / "youju-office-new"
    old.mkdir()
    new.mkdir()
    os.utime(old, (0, 0))
    convert(b"text", media.DOC, program=program(folder, "target.write_bytes(b'x')"))
    assert left_over(folder) == ["youju-office-new"]


def test_convert_without_libreoffice_says_what_to_install(monkeypatch):
    monkeypatch.setattr(conversion, "find_libreoffice", lambda: None)
    with pytest.raises(UnsupportedMedia, match=r"libreoffice-impress-nogui.*PPTX or PDF"):
        convert(b"text", media.PPT)
    assert "libreoffice-writer-nogui" in str(missing_libreoffice(media.DOC))


@installed
def test_libreoffice_converts_and_asks_no_server_for_a_linked_image():
    asked = []

    class Server(http.server.BaseHTTPRequestHandler):
        def handle(self):
            asked.append(self.client_address)

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        page = f'<html><p>hello</p><img src="http://127.0.0.1:{server.server_port}/a.png"></html>'
        assert convert(page.encode(), media.DOC).startswith(b"PK")
        server.shutdown()
    assert asked == []
