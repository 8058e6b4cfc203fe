import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from ingestion.errors import ParserFailed
from ingestion.isolated import IsolatedParser, ParserPool
from ingestion.parse import parse
from ingestion.records import PLAIN
from tests.ingestion.parsers.pdf_samples import ten_pages

TEXT = "第一条 试用期不得超过六个月。".encode()
HOSTILE = (sys.executable, "-m", "tests.ingestion.hostile_child")


class Cancelled(Exception):
    """What a heartbeat raises."""


def tick(_share: float) -> None:
    """Let the parser go on."""


@pytest.fixture
def parser() -> Iterator[IsolatedParser]:
    isolated = IsolatedParser(memory_bytes=2**30, seconds=20, stall_seconds=20, command=HOSTILE)
    yield isolated
    isolated.close()


def test_isolated_parser_gives_what_the_parser_gives() -> None:
    isolated = IsolatedParser(memory_bytes=2**30, seconds=20, stall_seconds=20)
    assert isolated(TEXT, "法.txt", PLAIN, tick) == parse(TEXT, "法.txt")
    isolated.close()


def test_isolated_parser_passes_code_and_message_on(parser: IsolatedParser) -> None:
    with pytest.raises(ParserFailed, match="No parser for ZIP archives") as failed:
        parser(b"PK\x03\x04 nothing else", "a.zip", PLAIN, tick)
    assert failed.value.code == "unsupported_media"


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("crash", "parser_crashed"),
        ("killed", "out_of_memory"),
        ("swell", "out_of_memory"),
        ("abort", "out_of_memory"),
        ("bug", "internal_error"),
    ],
)
def test_isolated_parser_file_that_harms_the_process_fails_alone(
    parser: IsolatedParser, name: str, code: str
) -> None:
    with pytest.raises(ParserFailed) as failed:
        parser(TEXT, name, PLAIN, tick)
    assert failed.value.code == code
    assert parser(TEXT, "法.txt", PLAIN, tick).text == TEXT.decode()


@pytest.mark.parametrize(
    ("deadly", "left"),
    [("3", "0 1 2 4 5 6 7 8 9"), ("0 5 9", "1 2 3 4 6 7 8"), ("2 4 5 7 8", "0 1 3 6")],
)
def test_isolated_parser_pdf_is_read_without_the_pages_that_stop_it(
    parser: IsolatedParser, deadly: str, left: str
) -> None:
    document = parser(ten_pages(), f"deadly {deadly}", PLAIN, tick)
    assert re.findall("[0-9]", document.text) == left.split()
    assert any("could not be read" in warning for warning in document.warnings)


def test_isolated_parser_pdf_of_nothing_but_deadly_pages_fails_as_the_first_did(
    parser: IsolatedParser,
) -> None:
    with pytest.raises(ParserFailed) as failed:
        parser(ten_pages(), "deadly 0 1 2 3 4", PLAIN, tick)
    assert failed.value.code == "out_of_memory"


def test_isolated_parser_reads_a_pdf_again_only_for_its_pages(parser: IsolatedParser) -> None:
    asked = []
    parser._ask = lambda request, advance: asked.append(request) or (None, "out_of_memory", "")
    with pytest.raises(ParserFailed):
        parser(ten_pages(), "a.pdf", PLAIN, tick)
    assert len(asked) == 1


def test_isolated_parser_over_its_deadline_is_stopped(parser: IsolatedParser) -> None:
    parser(TEXT, "法.txt", PLAIN, tick)  # the process is running
    parser._seconds = 0.1
    began = time.monotonic()
    with pytest.raises(ParserFailed) as failed:
        parser(TEXT, "hang", PLAIN, tick)
    assert failed.value.code == "deadline_exceeded"
    assert time.monotonic() - began < 5


def test_isolated_parser_of_slow_pages_goes_on_and_tells_how_far_it_is() -> None:
    isolated = IsolatedParser(memory_bytes=2**30, seconds=20, stall_seconds=20, command=HOSTILE)
    isolated(TEXT, "法.txt", PLAIN, tick)
    isolated._stall_seconds = 0.9
    shares: list[float] = []
    assert isolated(TEXT, "pages", PLAIN, shares.append).text == TEXT.decode()
    assert {1 / 6, 1 / 2, 1.0} <= set(shares)
    with pytest.raises(ParserFailed) as failed:
        isolated(TEXT, "hang", PLAIN, tick)
    assert failed.value.code == "deadline_exceeded"
    isolated.close()


def test_isolated_parser_cancelled_while_it_hangs_ends_its_process(parser: IsolatedParser) -> None:
    def cancel(_share: float) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        parser(TEXT, "hang", PLAIN, cancel)
    assert parser._process is None
    assert parser(TEXT, "法.txt", PLAIN, tick).text == TEXT.decode()


def test_isolated_parser_survives_what_stops_a_group_of_processes(parser: IsolatedParser) -> None:
    # This process must go on as well: the parser is in a group of its own.
    assert parser(TEXT, "stopped", PLAIN, tick).text == TEXT.decode()


def test_isolated_parser_that_died_with_its_worker_blames_no_file(parser: IsolatedParser) -> None:
    def cancel(_share: float) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        parser(TEXT, "crash", PLAIN, cancel)


def test_isolated_parser_request_beyond_its_memory_is_out_of_memory() -> None:
    isolated = IsolatedParser(memory_bytes=2**28, seconds=20, stall_seconds=20)
    with pytest.raises(ParserFailed) as failed:
        isolated(b"x" * 2**28, "a.txt", PLAIN, tick)
    assert failed.value.code == "out_of_memory"
    isolated.close()


def test_isolated_parser_killed_between_files_is_replaced(parser: IsolatedParser) -> None:
    parser(TEXT, "法.txt", PLAIN, tick)
    process = parser._process
    assert process is not None
    process.kill()
    process.wait()
    assert parser(TEXT, "法.txt", PLAIN, tick).text == TEXT.decode()


def test_isolated_parser_called_from_threads_mixes_nothing_up(parser: IsolatedParser) -> None:
    texts = [f"第{number}条 内容。" for number in range(12)]
    with ThreadPoolExecutor(4) as pool:
        read = list(pool.map(lambda text: parser(text.encode(), "a.txt", PLAIN, tick).text, texts))
    assert read == texts


def test_parser_pool_reads_beside_a_file_that_hangs_and_starts_no_idle_process() -> None:
    parsers = [
        IsolatedParser(memory_bytes=2**30, seconds=20, stall_seconds=20, command=HOSTILE)
        for _ in range(3)
    ]
    pool, hanging, ended = ParserPool(parsers), threading.Event(), threading.Event()

    def cancel(_share: float) -> None:
        hanging.set()
        if ended.is_set():
            raise Cancelled

    with ThreadPoolExecutor(1) as threads:
        stuck = threads.submit(pool, TEXT, "hang", PLAIN, cancel)
        assert hanging.wait(20)
        assert pool(TEXT, "法.txt", PLAIN, tick).text == TEXT.decode()
        assert pool(TEXT, "法.txt", PLAIN, tick).text == TEXT.decode()
        ended.set()
        with pytest.raises(Cancelled):
            stuck.result(20)
    assert [parser.pid is not None for parser in parsers].count(True) == 1
    for parser in parsers:
        parser.close()


def test_parser_process_ends_with_its_parent() -> None:
    code = (
        "from ingestion.isolated import IsolatedParser\n"
        "from ingestion.records import PLAIN\n"
        f"parser = IsolatedParser(memory_bytes=2**30, seconds=20, stall_seconds=20, command={HOSTILE!r})\n"
        "parser(b'text', 'a.txt', PLAIN, lambda share: None)\n"
        "print(parser._process.pid, flush=True)\n"
        "parser(b'text', 'hang', PLAIN, lambda share: None)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 10
    while _is_alive(child):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
