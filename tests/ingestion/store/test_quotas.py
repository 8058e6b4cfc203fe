import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingestion.errors import QuotaExceeded
from ingestion.store.catalog import Catalog
from ingestion.store.quotas import CollectionUsage, Quota
from tests.ingestion.catalog_samples import add, claim, submit


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    catalog = Catalog(tmp_path / "catalog.sqlite", quota=Quota(documents=3, bytes=100))
    yield catalog
    catalog.close()


def test_upload_over_the_number_of_documents_is_refused_with_the_facts(catalog: Catalog) -> None:
    add(catalog, name="1", content=b"1")
    submit(catalog, name="2", content=b"2")
    submit(catalog, name="3", content=b"3")
    with pytest.raises(QuotaExceeded, match="holds 3 of at most 3 documents") as caught:
        submit(catalog, name="4", content=b"4")
    refused = caught.value
    assert (refused.collection, refused.unit, refused.used, refused.limit, refused.needed) == (
        "hr",
        "documents",
        3,
        3,
        1,
    )
    assert catalog.jobs()[1] == 3
    assert submit(catalog, name="4", content=b"4", collection="law").status == "queued"


def test_upload_over_the_bytes_is_refused_and_stores_nothing(
    catalog: Catalog, tmp_path: Path
) -> None:
    add(catalog, name="1", content=b"x" * 60)
    with pytest.raises(QuotaExceeded, match="holds 60 of at most 100 bytes") as caught:
        submit(catalog, name="2", content=b"y" * 41)
    assert caught.value.needed == 41
    assert len(list((tmp_path / "sources").iterdir())) == 1
    assert submit(catalog, name="2", content=b"y" * 40).status == "queued"


def test_new_revision_counts_only_what_it_has_more(catalog: Catalog) -> None:
    for name in "123":
        add(catalog, name=name, content=name.encode() * 30)
    assert submit(catalog, name="1", content=b"x" * 40).status == "queued"
    with pytest.raises(QuotaExceeded):
        submit(catalog, name="1", content=b"x" * 41)
    assert submit(catalog, name="1", content=b"x" * 5).status == "queued"
    assert catalog.usage() == [CollectionUsage("hr", 3, 6, 65, 1)]


def test_duplicates_cost_nothing_and_what_is_deleted_or_failed_is_free_again(
    catalog: Catalog,
) -> None:
    first = add(catalog, name="1", content=b"x" * 100)
    assert submit(catalog, name="2", content=b"x" * 100).status == "duplicate"
    catalog.delete_document(first)
    submit(catalog, name="3", content=b"y" * 100)
    catalog.fail(claim(catalog).job_id, "w1", "no_text", "Nothing.")
    assert submit(catalog, name="4", content=b"z" * 100).status == "queued"


def test_threads_uploading_together_never_pass_the_limit(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path / "catalog.sqlite", quota=Quota(documents=5))
    together = threading.Barrier(8)
    outcomes: list[str] = []

    def upload(number: int) -> None:
        together.wait(30)
        try:
            outcomes.append(submit(catalog, name=f"{number}", content=bytes([number])).status)
        except QuotaExceeded as exc:
            outcomes.append(exc.code)

    threads = [threading.Thread(target=upload, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(outcomes) == ["queued"] * 5 + ["quota_exceeded"] * 3
    assert catalog.jobs()[1] == 5
    catalog.close()


def test_zero_is_no_limit(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path / "catalog.sqlite", quota=Quota(0, 0))
    assert submit(catalog, content=b"x" * 1000).status == "queued"
    catalog.close()


def test_usage_counts_open_jobs_in_place_of_what_they_replace(catalog: Catalog) -> None:
    add(catalog, name="1", content=b"x" * 10)
    submit(catalog, name="1", content=b"x" * 20)
    submit(catalog, name="2", content=b"y", collection="law")
    assert catalog.usage() == [
        CollectionUsage("hr", 1, 2, 20, 1),
        CollectionUsage("law", 0, 0, 1, 1),
    ]
