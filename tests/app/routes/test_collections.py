import httpx
import pytest

from app.settings import Settings
from ingestion.store.catalog import Catalog
from tests.ingestion.catalog_samples import add, submit


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"collection_documents": 7, "collection_bytes": 0})


async def test_collections_lists_what_each_holds_and_may_hold(
    client: httpx.AsyncClient, catalog: Catalog
) -> None:
    assert (await client.get("/collections")).json() == {"collections": []}
    add(catalog, content=b"12345")
    submit(catalog, name="二.txt", content=b"678")
    submit(catalog, content=b"9", collection="法规")
    response = await client.get("/collections")
    assert response.status_code == 200
    assert response.json()["collections"] == [
        {
            "name": "hr",
            "documents": 1,
            "chunks": 2,
            "bytes": 8,
            "open_jobs": 1,
            "max_documents": 7,
            "max_bytes": None,
        },
        {
            "name": "法规",
            "documents": 0,
            "chunks": 0,
            "bytes": 1,
            "open_jobs": 1,
            "max_documents": 7,
            "max_bytes": None,
        },
    ]
