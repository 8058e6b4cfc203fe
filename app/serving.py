"""Run the whole service: the HTTP application in this process, ingestion workers beside it."""

import logging
import socket
from collections.abc import Callable
from contextlib import ExitStack

import uvicorn

from app.bootstrap import build_service, prepare_models
from app.main import create_app
from app.settings import Settings
from app.worker_process import WorkerProcess


def run_service(settings: Settings, report: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT. Reports the address once the service answers.

    Raises OSError if the port is taken, before anything is loaded.
    """
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    with ExitStack() as stack:
        listener = stack.enter_context(_listen(settings.host, settings.port))
        prepare_models(settings, report)
        for _ in range(settings.workers):
            worker = WorkerProcess(settings)
            worker.start()
            stack.callback(worker.stop)
        app = create_app(build_service(settings))
        # Not listening before this: until then a request is refused, not left hanging.
        listener.listen(1024)
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        report(f"Youju is ready: http://{host}:{listener.getsockname()[1]}/")
        config = uvicorn.Config(app, log_config=None, access_log=False, server_header=False)
        uvicorn.Server(config).run(sockets=[listener])


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    return listener
