import threading
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from app.main import create_app
from app.settings import Settings
from ingestion.store.catalog import Catalog
from tests.app.service_fakes import FakeModels, client_of, make_service

MAX_UPLOAD = 100_000


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        data_dir=tmp_path,
        max_upload_bytes=MAX_UPLOAD,
        parallel_requests=2,
        waiting_requests=1,
        top_k=8,
    )


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    catalog = Catalog(tmp_path / "catalog.sqlite")
    yield catalog
    catalog.close()


@pytest.fixture
def models(catalog: Catalog) -> FakeModels:
    return FakeModels(catalog)


@pytest.fixture
def web_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "web"
    folder.mkdir()
    for name in ("index.html", "manage.html"):
        (folder / name).write_text("<!doctype html><title>有据</title>", encoding="utf-8")
    (folder / "app.js").write_text("export {};", encoding="utf-8")
    return folder


@pytest.fixture
def app(models: FakeModels, settings: Settings, web_folder: Path) -> FastAPI:
    return create_app(make_service(models, settings), web_folder)


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app) as client:
        yield client


@pytest.fixture
def server(app: FastAPI) -> Iterator[uvicorn.Server]:
    """Run the application behind a real server."""
    config = uvicorn.Config(app, host="127.0.0.1", port=0, ws="none", log_level="warning")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.01)
    yield server
    server.should_exit = True
    thread.join(20)
    assert not thread.is_alive()
