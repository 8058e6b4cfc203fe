"""A real browser and the service it talks to, for the tests of the chat page."""

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    sync_playwright,
)

from tests.app.web.fake_service import Service, serving

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "browser: drives the chat page in a real Chromium")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if os.environ.get("YOUJU_SKIP_BROWSER") == "1":
        pytest.skip("YOUJU_SKIP_BROWSER=1")
    names = ("chromium", "chromium-browser", "google-chrome")
    path = next(filter(None, map(shutil.which, names)), None)
    if path is None:
        pytest.fail(
            "No Chromium found. Install it (apt-get install chromium), "
            "or set YOUJU_SKIP_BROWSER=1 to leave the page untested."
        )
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def context(browser: Browser) -> Iterator[BrowserContext]:
    """One for all tests of a module: a new one for each test is slow."""
    opened = browser.new_context(locale="zh-CN", reduced_motion="reduce")
    opened.grant_permissions(["clipboard-read", "clipboard-write"])
    yield opened
    opened.close()


@pytest.fixture
def service() -> Iterator[Service]:
    with serving() as running:
        yield running


@pytest.fixture
def page(context: BrowserContext, service: Service) -> Iterator[Page]:
    """A page on which any error, and any request to elsewhere, fails the test."""
    opened = context.new_page()
    opened.set_viewport_size({"width": 1360, "height": 860})
    opened.set_default_timeout(10_000)
    faults: list[str] = []
    strangers: list[str] = []

    def on_console(message: ConsoleMessage) -> None:
        # Chromium logs every refused request so; those are what some tests are about.
        refused = message.text.startswith("Failed to load resource")
        if message.type in ("error", "warning") and not refused:
            faults.append(message.text)

    def on_request(request: Request) -> None:
        if not request.url.startswith((service.address, "data:")):
            strangers.append(request.url)

    opened.on("pageerror", lambda error: faults.append(str(error)))
    opened.on("console", on_console)
    opened.on("request", on_request)
    yield opened
    opened.evaluate("localStorage.clear()")
    opened.close()
    assert faults == []
    assert strangers == []
