from dataclasses import replace
from urllib.parse import unquote

import httpx
import pytest

from app.routes.documents import attachment
from ingestion.store.catalog import Catalog
from tests.app.service_fakes import FakeModels, assert_problem
from tests.ingestion.catalog_samples import PARAGRAPHS, add, ingested_document

UNKNOWN = "0" * 32


async def test_documents_list_is_paged_by_collection(
    client: httpx.AsyncClient, catalog: Catalog
) -> None:
    for number in range(3):
        add(catalog, f"{number}.txt", str(number).encode())
    add(catalog, "it.txt", b"it", "it")
    everything = (await client.get("/documents")).json()
    assert everything["total"] == len(everything["documents"]) == 4
    page = (
        await client.get("/documents", params={"collection": "hr", "offset": 1, "limit": 1})
    ).json()
    assert (page["total"], page["offset"], page["limit"]) == (3, 1, 1)
    assert len(page["documents"]) == 1
    assert page["documents"][0]["collection"] == "hr"
    assert (await client.get("/documents?collection=none")).json()["total"] == 0


@pytest.mark.parametrize("query", ["limit=0", "offset=-1", "limit=x", "collection=%2F"])
async def test_documents_list_out_of_bounds_is_422(client: httpx.AsyncClient, query: str) -> None:
    assert_problem(await client.get(f"/documents?{query}"), 422, "invalid_request")


async def test_document_describes_itself(client: httpx.AsyncClient, catalog: Catalog) -> None:
    document_id = add(catalog)
    document = (await client.get(f"/documents/{document_id}")).json()
    assert document["name"] == "合同.txt"
    assert document["title"] == "样本"
    assert document["chunk_count"] == 2
    assert document["size"] == 3
    assert document["warnings"] == ["一页没有文字。"]
    assert document["created_at"].endswith(("Z", "+00:00"))


@pytest.mark.parametrize("document_id", [UNKNOWN, "a%00b", "%ED%A0%80", "..%2F..", "x" * 65])
@pytest.mark.parametrize("tail", ["", "/source", "/text", "/chunks"])
async def test_document_unknown_is_404(
    client: httpx.AsyncClient, document_id: str, tail: str
) -> None:
    response = await client.get(f"/documents/{document_id}{tail}")
    assert response.status_code == 404
    assert_problem(response, 404, response.json()["code"])


async def test_document_delete_leaves_nothing_and_searches_follow(
    client: httpx.AsyncClient, catalog: Catalog, models: FakeModels
) -> None:
    document_id = add(catalog)
    response = await client.delete(f"/documents/{document_id}")
    assert (response.status_code, response.content) == (204, b"")
    assert models.indexed == catalog.last_sequence() > 0
    assert_problem(await client.get(f"/documents/{document_id}"), 404, "document_not_found")
    assert_problem(await client.delete(f"/documents/{document_id}"), 404, "document_not_found")


@pytest.mark.parametrize(
    ("media_type", "sent_as"),
    [
        ("text/plain", "text/plain"),
        ("application/pdf", "application/pdf"),
        ("text/html", "application/octet-stream"),
        ("image/svg+xml", "application/octet-stream"),
    ],
)
async def test_document_source_is_the_bytes_as_an_inert_download(
    client: httpx.AsyncClient, catalog: Catalog, media_type: str, sent_as: str
) -> None:
    content = b"<script>alert(1)</script>\xff"
    ingested = ingested_document()
    ingested = replace(ingested, document=replace(ingested.document, media_type=media_type))
    document_id = add(catalog, '报"告.html', content, ingested=ingested)
    response = await client.get(f"/documents/{document_id}/source")
    assert response.status_code == 200
    assert response.content == content
    assert response.headers["content-type"] == sent_as
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["content-security-policy"] == "sandbox; default-src 'none'"
    disposition = response.headers["content-disposition"]
    assert disposition.startswith('attachment; filename="___.html"; ')
    assert unquote(disposition.partition("UTF-8''")[2]) == '报"告.html'


def test_attachment_of_hostile_name_stays_one_header_value() -> None:
    value = attachment('a"; filename=b\r\nSet-Cookie: x\\%41;.txt')
    assert value.isascii()
    assert value.isprintable()
    assert value.count('"') == 2


async def test_document_source_that_is_lost_is_410(
    client: httpx.AsyncClient, catalog: Catalog, tmp_path_factory: pytest.TempPathFactory
) -> None:
    document_id = add(catalog)
    for file in tmp_path_factory.getbasetemp().rglob("sources/*"):
        file.unlink()
    response = await client.get(f"/documents/{document_id}/source")
    assert_problem(response, 410, "source_lost")


async def test_document_text_is_what_spans_point_into(
    client: httpx.AsyncClient, catalog: Catalog
) -> None:
    document_id = add(catalog)
    found = (await client.get(f"/documents/{document_id}/text")).json()
    assert found["text"] == "\n".join(PARAGRAPHS)
    quotes = [found["text"][block["start"] : block["end"]] for block in found["blocks"]]
    assert quotes == list(PARAGRAPHS)
    assert found["blocks"][0]["kind"] == "paragraph"
    same = await client.get(f"/documents/{document_id}/text?revision={found['revision']}")
    assert same.json() == found


async def test_document_text_of_another_revision_is_404(
    client: httpx.AsyncClient, catalog: Catalog
) -> None:
    document_id = add(catalog)
    response = await client.get(f"/documents/{document_id}/text?revision=0123456789abcdef")
    assert_problem(response, 404, "revision_not_found")


async def test_document_text_follows_a_revision_that_comes_between(
    client: httpx.AsyncClient, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    document_id = add(catalog)
    read = catalog.text
    monkeypatch.setattr(Catalog, "text", lambda _, *key: replaced_while(read, key))

    def replaced_while(read_text: object, key: tuple[str, str]) -> str | None:
        text = read(*key)
        if "新" not in (text or ""):
            add(catalog, content=b"two", ingested=ingested_document("新的文字。"))
        return text

    found = (await client.get(f"/documents/{document_id}/text")).json()
    assert found["text"] == "新的文字。"
    assert [block["end"] for block in found["blocks"]] == [5]


async def test_document_chunks_are_paged_with_spans_and_keys(
    client: httpx.AsyncClient, catalog: Catalog
) -> None:
    document_id = add(catalog)
    found = (await client.get(f"/documents/{document_id}/chunks?offset=1&limit=1")).json()
    assert (found["total"], found["offset"], found["limit"]) == (2, 1, 1)
    (chunk,) = found["chunks"]
    assert chunk["ordinal"] == 1
    assert chunk["text"] == PARAGRAPHS[1]
    assert chunk["heading_path"] == ["第一章", "总则"]
    assert chunk["keys"][0] == {"kind": "heading", "text": "总则", "start": 0, "end": 2}
    assert chunk["coherence"] == 0.25
    (first,) = (await client.get(f"/documents/{document_id}/chunks?limit=1")).json()["chunks"]
    assert first["coherence"] is None


async def test_document_chunks_have_their_borders_scored_where_that_is_asked(
    client: httpx.AsyncClient, catalog: Catalog
) -> None:
    document = ingested_document("猫吃鱼。", "猫睡觉。")
    unscored = tuple(
        replace(one, chunk=replace(one.chunk, coherence=None)) for one in document.chunks
    )
    address = f"/documents/{add(catalog, ingested=replace(document, chunks=unscored))}/chunks"
    for query, expected in (("", [None, None]), ("?coherence=true", [None, pytest.approx(0.95)])):
        chunks = (await client.get(address + query)).json()["chunks"]
        assert [chunk["coherence"] for chunk in chunks] == expected
    assert_problem(await client.get(f"{address}?coherence=much"), 422, "invalid_request")
