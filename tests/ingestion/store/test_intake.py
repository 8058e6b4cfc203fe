from collections.abc import Iterator
from pathlib import Path

import pytest

from ingestion.errors import QuotaExceeded
from ingestion.store.catalog import Catalog
from ingestion.store.quotas import Quota
from ingestion.store.stored import JobState, Submission
from ingestion.store.uploads import Upload, check_upload
from tests.ingestion.catalog_samples import add, claim, ingested_document, submit


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    catalog = Catalog(tmp_path / "catalog.sqlite", quota=Quota(documents=6))
    yield catalog
    catalog.close()


def upload(name: str, content: bytes, password: str = "") -> tuple[Upload, bytes]:
    return check_upload("hr", name, content, {}, password), content


def test_submit_all_tells_of_each_in_order(catalog: Catalog, tmp_path: Path) -> None:
    known = add(catalog, name="known", content=b"known")
    outcomes = catalog.submit_all(
        [
            upload("a", b"a"),
            upload("copy of known", b"known"),
            upload("copy of a", b"a"),
            *(upload(f"{number}", bytes([number])) for number in range(5)),
        ]
    )
    told = [
        outcome.status if isinstance(outcome, Submission) else outcome.code for outcome in outcomes
    ]
    assert told == ["queued", "duplicate", "duplicate", *["queued"] * 4, "quota_exceeded"]
    assert isinstance(outcomes[1], Submission)
    assert outcomes[1].duplicate_of == known
    assert isinstance(outcomes[7], QuotaExceeded)
    assert catalog.jobs("hr", JobState.QUEUED)[1] == 5
    contents = sorted(path.read_bytes() for path in (tmp_path / "sources").iterdir())
    assert contents == sorted([b"known", b"a", *(bytes([number]) for number in range(4))])


def test_submit_all_later_bytes_of_a_name_supersede_the_earlier(
    catalog: Catalog, tmp_path: Path
) -> None:
    first, second = catalog.submit_all([upload("a", b"one"), upload("a", b"two")])
    assert isinstance(first, Submission) and isinstance(second, Submission)
    assert claim(catalog).job_id == second.job_id
    superseded = catalog.job(str(first.job_id))
    assert superseded is not None and superseded.reason_code == "superseded"
    assert [path.read_bytes() for path in (tmp_path / "sources").iterdir()] == [b"two"]


def test_password_is_kept_until_the_job_ends_and_gone_from_every_file_after_it(
    catalog: Catalog, tmp_path: Path
) -> None:
    secret = "开门-opensesame"
    for number, end in enumerate(("fail", "cancel", "done", "supersede")):
        catalog.submit("hr", f"{number}", bytes([number]), {}, secret)
        job = claim(catalog)
        assert catalog.job_password(job.job_id) == secret
        assert secret not in repr(catalog.job(job.job_id))
        if end == "fail":
            catalog.fail(job.job_id, "w1", "wrong_password", "Wrong.")
        elif end == "cancel":
            catalog.cancel(job.job_id)
        elif end == "done":
            catalog.commit_document(ingested_document(), job_id=job.job_id, worker="w1")
        else:
            submit(catalog, name=f"{number}", content=b"newer")
        assert catalog.job_password(job.job_id) == ""
        for path in tmp_path.glob("catalog.sqlite*"):
            assert secret.encode() not in path.read_bytes(), (end, path)


def test_password_survives_a_worker_that_died(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path / "other.sqlite")
    catalog.submit("hr", "a", b"a", {}, "secret")
    assert catalog.claim("w1", -1.0) is not None
    again = catalog.claim("w2", 30.0)
    assert again is not None and again.attempts == 2
    assert catalog.job_password(again.job_id) == "secret"
    catalog.close()


def test_same_bytes_with_a_password_are_no_duplicate_of_a_job_without_it(
    catalog: Catalog,
) -> None:
    first = submit(catalog, name="a", content=b"locked")
    with_password = catalog.submit("hr", "a", b"locked", {}, "secret")
    assert with_password.status == "queued"
    replaced = catalog.job(str(first.job_id))
    assert replaced is not None and replaced.state is JobState.CANCELLED
    assert catalog.submit("hr", "a", b"locked", {}, "secret").status == "duplicate"
    assert catalog.submit("hr", "b", b"locked", {}, "other").status == "queued"
    assert submit(catalog, name="a", content=b"locked").status == "duplicate"


def test_document_that_failed_for_want_of_a_password_is_taken_again_with_one(
    catalog: Catalog,
) -> None:
    submit(catalog, name="a", content=b"locked")
    catalog.fail(claim(catalog).job_id, "w1", "password_required", "Locked.")
    again = catalog.submit("hr", "a", b"locked", {}, "secret")
    assert again.status == "queued"
    assert catalog.job_source(str(again.job_id)) == b"locked"


def test_upload_never_shows_its_password() -> None:
    assert "secret" not in repr(check_upload("hr", "a", b"a", {}, "secret"))
