"""The process that reads files for `ingestion.isolated`: `python -m ingestion.parser_child`."""

import ctypes
import logging
import os
import pickle
import resource
import signal
import sys
import threading
import time
import traceback
from multiprocessing.connection import Connection

from ingestion.errors import IngestionError
from ingestion.parse import parse
from ingestion.ports import Advance
from ingestion.records import ParseOptions

logger = logging.getLogger(__name__)

EXIT_OUT_OF_MEMORY = 71
_PARENT_CHECK_SECONDS = 0.5
_M_ARENA_MAX = -8  # of glibc's malloc.h


def serve(requests: Connection) -> None:
    """Read files until the other side closes.

    A request is (name, content, ParseOptions); the answer (Document, "", "") or (None, code,
    message), after the shares of the file read so far, as numbers. Raises MemoryError where not
    even the request or the answer can be held.
    """

    def advance(share: float) -> None:
        requests.send_bytes(pickle.dumps(share))

    while True:
        try:
            name, content, options = pickle.loads(requests.recv_bytes())  # noqa: S301 from our own parent
        except EOFError:
            return
        requests.send_bytes(
            pickle.dumps(_answer(content, name, options, advance), pickle.HIGHEST_PROTOCOL)
        )


def _answer(
    content: bytes, name: str, options: ParseOptions, advance: Advance
) -> tuple[object, str, str]:
    try:
        return parse(content, name, options, advance), "", ""
    except IngestionError as exc:
        return None, exc.code, str(exc)
    except MemoryError:
        return None, "out_of_memory", ""
    except Exception as exc:  # noqa: BLE001 the edge of a file: one bad file must not end the process
        # Without its message, which may quote the document.
        kind = type(exc).__qualname__
        logger.error("a parser failed\n%s%s", "".join(traceback.format_tb(exc.__traceback__)), kind)
        message = f"An unexpected error ({kind}) stopped the parser. The log has the details."
        return None, "internal_error", message


def _end_with_parent(parent: int) -> None:
    """End this process with its parent, also out of a parser that never returns."""
    while os.getppid() == parent:
        time.sleep(_PARENT_CHECK_SECONDS)
    os._exit(1)


def _share_memory() -> None:
    """Let all threads take memory from one place: one for each holds far more than they need."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, 1)


def main(arguments: list[str]) -> None:
    """Serve on an inherited file descriptor. arguments: it, the parent's id, bytes of memory."""
    descriptor, parent, memory = map(int, arguments)
    _share_memory()
    # Not counting what it maps from files, its libraries and models, which takes no memory of its
    # own. The second limit is for systems that do not count the first so.
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    resource.setrlimit(resource.RLIMIT_AS, (2 * memory, 2 * memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # What stops a whole group of processes is for the parent to act on; it ends this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, args=(parent,), daemon=True).start()
    try:
        serve(Connection(descriptor))
    except MemoryError:
        os._exit(EXIT_OUT_OF_MEMORY)


if __name__ == "__main__":
    main(sys.argv[1:])
