"""Run the whole service: the HTTP application in this process, ingestion workers beside it."""

import ipaddress
import logging
import signal
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack
from types import FrameType

import uvicorn

from app.bootstrap import build_service
from app.build_models import prepare_models
from app.errors import AddressUnavailable
from app.main import create_app
from app.open_catalog import refuse_other_encoders
from app.settings import Settings
from app.worker_process import WorkerProcess


def run_service(
    settings: Settings,
    report: Callable[[str], None],
    before: Callable[[], None] = lambda: None,
) -> None:
    """Serve until SIGTERM or SIGINT, then leave with SystemExit. Call from the main thread.

    before: what is to be done first, once the address is ours and the models are prepared.
    Reports the address once the service answers. Raises, as a rule before anything is loaded,
    AddressUnavailable if the port is taken, OtherEncoder if another one embedded what is stored.
    """
    # uvicorn raises the signal again when it is done; unwinding then stops the workers.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave)
    with ExitStack() as stack:
        listener = stack.enter_context(_listen(settings.host, settings.port))
        refuse_other_encoders(settings)
        prepare_models(settings, report)
        before()
        # From here on the output is a log; what was done before showed its own progress.
        logging.basicConfig(
            level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
        )
        for _ in range(settings.workers):
            worker = WorkerProcess(settings)
            worker.start()
            stack.callback(worker.stop)
        service = build_service(settings)
        app = create_app(service)
        # Not listening before this: until then a request is refused, not left hanging.
        try:
            listener.listen(1024)
        except OSError as exc:  # another program bound the port before, and was faster
            raise _unavailable(settings.host, settings.port, exc) from exc
        for line in greeting(settings.host, settings.port):
            report(line)
        # The first question would wait for what this one prepares.
        threading.Thread(target=service.embedder.embed_queries, args=(["?"],)).start()
        config = uvicorn.Config(app, log_config=None, access_log=False, server_header=False)
        uvicorn.Server(config).run(sockets=[listener])


def greeting(host: str, port: int) -> list[str]:
    """Return what to say once the service answers: an address to open, and who else can reach it.

    host: the address listened on; where that is every address, the one shown is loopback.
    """
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return [f"Youju is ready: http://{host}:{port}/"]
    shown = host
    if address.is_unspecified:
        shown = "127.0.0.1" if address.version == 4 else "::1"
    url = f"http://[{shown}]:{port}/" if ":" in shown else f"http://{shown}:{port}/"
    lines = [f"Youju is ready: {url}"]
    if not address.is_loopback:
        lines.append(
            f"Warning: it listens on {host} and asks nobody for a password. Whoever can reach "
            "this machine can read, add and delete documents."
        )
    return lines


def _leave(_number: int, _frame: FrameType | None) -> None:
    sys.exit(0)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio turns off Nagle's algorithm, 40 ms for each answer, only where the protocol is named.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as exc:
        listener.close()
        raise _unavailable(host, port, exc) from exc
    return listener


def _unavailable(host: str, port: int, error: OSError) -> AddressUnavailable:
    return AddressUnavailable(host, port, error.strerror or "unknown error")
