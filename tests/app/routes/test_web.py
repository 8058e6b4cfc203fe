import httpx
import pytest

from app.routes.web import WEB_FOLDER
from tests.app.service_fakes import assert_problem


@pytest.mark.parametrize("address", ["/", "/manage"])
async def test_page_is_served_with_a_strict_policy(client: httpx.AsyncClient, address: str) -> None:
    response = await client.get(address)
    assert response.status_code == 200
    assert "有据" in response.text
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    policy = response.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert response.headers["referrer-policy"] == "no-referrer"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert (await client.head(address)).status_code == 200


async def test_static_file_is_served_as_what_it_is(client: httpx.AsyncClient) -> None:
    response = await client.get("/static/app.js")
    assert response.status_code == 200
    assert "javascript" in response.headers["content-type"]
    assert response.headers["x-content-type-options"] == "nosniff"


async def test_static_outside_its_folder_is_404(client: httpx.AsyncClient) -> None:
    for path in ("none.js", "..%2Fcatalog.sqlite", "%2e%2e/catalog.sqlite", "%00", ""):
        assert_problem(await client.get(f"/static/{path}"), 404, "not_found")


def test_page_is_part_of_the_package() -> None:
    assert (WEB_FOLDER / "index.html").is_file()
    assert (WEB_FOLDER / "manage.html").is_file()
