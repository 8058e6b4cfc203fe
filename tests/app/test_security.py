import httpx
import pytest
from starlette.datastructures import Headers

from app.errors import CrossSiteWrite, HostNotAllowed
from app.security import check_site, host_allowed
from tests.app.service_fakes import FakeModels, assert_problem

ASK = {"question": "?"}


@pytest.mark.parametrize(
    ("host", "listening", "allowed"),
    [
        ("127.0.0.1:8000", "127.0.0.1", True),
        ("127.9.9.9", "127.0.0.1", True),
        ("localhost:8000", "127.0.0.1", True),
        ("LOCALHOST", "127.0.0.1", True),
        ("app.localhost", "127.0.0.1", True),
        ("[::1]:8000", "127.0.0.1", True),
        ("evil.example:8000", "127.0.0.1", False),
        ("127.0.0.1.evil.example", "127.0.0.1", False),
        ("localhost.evil.example", "127.0.0.1", False),
        ("evillocalhost", "127.0.0.1", False),
        ("192.168.1.5", "127.0.0.1", False),
        ("", "127.0.0.1", False),
        ("a:b:c", "127.0.0.1", False),
        ("[::1", "127.0.0.1", False),
        ("127.0.0.1@evil.example", "127.0.0.1", False),
        ("192.168.1.5:8000", "192.168.1.5", True),
        ("Docs.Example", "docs.example", True),
        ("anything.example", "0.0.0.0", True),
        ("anything.example", "::", True),
    ],
)
def test_host_allowed_is_loopback_or_the_configured_one(
    host: str, listening: str, allowed: bool
) -> None:
    assert host_allowed(host, listening) is allowed


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "http://127.0.0.1:8000"},
        {"origin": "http://127.0.0.1:8000", "sec-fetch-site": "same-origin"},
        {"sec-fetch-site": "none"},
    ],
)
@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_write_from_here_or_from_no_page_passes(method: str, headers: dict[str, str]) -> None:
    check_site(method, Headers({"host": "127.0.0.1:8000"} | headers), "127.0.0.1")


def test_write_through_a_proxy_that_ends_tls_passes() -> None:
    headers = Headers({"host": "docs.example", "origin": "https://docs.example"})
    check_site("POST", headers, "0.0.0.0")


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "http://127.0.0.1:3000"},
        {"origin": "http://localhost:8000"},
        {"origin": "null"},
        {"origin": "file://"},
        {"origin": ""},
        {"origin": "http://127.0.0.1:99999999"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "cross-site", "origin": "http://127.0.0.1:8000"},
    ],
)
def test_write_from_another_site_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(CrossSiteWrite):
        check_site("POST", Headers({"host": "127.0.0.1:8000"} | headers), "127.0.0.1")


def test_read_from_another_site_passes_and_second_host_does_not() -> None:
    hosts = [(b"host", b"127.0.0.1"), (b"host", b"evil.example")]
    check_site("GET", Headers(raw=[*hosts[:1], (b"origin", b"http://evil.example")]), "127.0.0.1")
    with pytest.raises(HostNotAllowed):
        check_site("GET", Headers(raw=hosts), "127.0.0.1")


async def test_cross_site_ask_is_403_and_never_asked(
    client: httpx.AsyncClient, models: FakeModels
) -> None:
    response = await client.post("/ask", json=ASK, headers={"Origin": "http://evil.example"})
    assert_problem(response, 403, "cross_site_request")
    assert models.asked == []


async def test_rebound_host_is_421_for_reads_too(client: httpx.AsyncClient) -> None:
    for path in ("/", "/documents", "/healthz", "/static/app.js", "/nowhere"):
        response = await client.get(path, headers={"Host": "evil.example"})
        assert_problem(response, 421, "host_not_allowed")
        assert response.headers["x-content-type-options"] == "nosniff"
