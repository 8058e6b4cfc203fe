import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingestion.store.catalog import Catalog
from ingestion.store.scripts import ApprovalState, ScriptDraft, ScriptFilter

DRAFT = ScriptDraft("您好，请问有什么可以帮您？", "zh", "opening", tags=("问候",), author="li")


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    catalog = Catalog(tmp_path / "catalog.sqlite")
    yield catalog
    catalog.close()


def test_script_edited_keeps_every_version_readable(catalog: Catalog) -> None:
    first = catalog.scripts.create(DRAFT)
    assert first is not None
    assert first.version == 1
    end = datetime(2031, 1, 1, tzinfo=UTC)
    edit = replace(DRAFT, script_id=first.script_id, text="您好！", valid_to=end, author="wang")
    assert catalog.scripts.replace(first.script_id, edit, 1) is True
    newest, oldest = catalog.scripts.versions(first.script_id)
    assert (newest.version, newest.text, newest.author, newest.valid_to) == (
        2,
        "您好！",
        "wang",
        end,
    )
    assert (oldest.version, oldest.text, oldest.author) == (1, DRAFT.text, "li")
    assert catalog.scripts.get(first.script_id) == newest


def test_script_edit_of_an_old_version_is_refused(catalog: Catalog) -> None:
    script = catalog.scripts.create(DRAFT)
    assert script is not None
    edit = replace(DRAFT, script_id=script.script_id, text="甲")
    assert catalog.scripts.replace(script.script_id, edit, 1) is True
    assert catalog.scripts.replace(script.script_id, replace(edit, text="乙"), 1) is False
    assert catalog.scripts.replace("none", edit, None) is None
    found = catalog.scripts.get(script.script_id)
    assert found is not None
    assert found.text == "甲"


def test_script_put_twice_changes_nothing(catalog: Catalog) -> None:
    before = catalog.scripts.put_all([DRAFT])
    number = catalog.scripts.change_number()
    assert catalog.scripts.put_all([DRAFT]) == before
    assert catalog.scripts.change_number() == number
    assert catalog.scripts.create(DRAFT) is None


def test_script_deleted_goes_with_its_versions_and_moves_the_number_on(catalog: Catalog) -> None:
    (script,) = catalog.scripts.put_all([DRAFT])
    catalog.scripts.keep_vectors("e", [(script.script_id, 1, b"1234")])
    assert catalog.scripts.vectors("e", {script.script_id}) == {(script.script_id, 1): b"1234"}
    assert catalog.scripts.vectors("e", {"other"}) == {}
    many = {script.script_id, *map(str, range(1000))}
    assert catalog.scripts.vectors("e", many) == {(script.script_id, 1): b"1234"}
    assert catalog.scripts.vectors("e", many - {script.script_id}) == {}
    number = catalog.scripts.change_number()
    assert catalog.scripts.delete(script.script_id)
    assert not catalog.scripts.delete(script.script_id)
    assert catalog.scripts.versions(script.script_id) == []
    assert catalog.scripts.vectors("e", {script.script_id}) == {}
    assert catalog.scripts.change_number() == number + 1


def test_script_list_filters_and_pages(catalog: Catalog) -> None:
    catalog.scripts.put_all(
        [
            DRAFT,
            ScriptDraft("Hello 100%", "en", "opening", collection="shop"),
            replace(DRAFT, text="稍等", collection="bank", state=ApprovalState.APPROVED),
        ]
    )

    def texts(**wanted: object) -> set[str]:
        found, total = catalog.scripts.listed(ScriptFilter(**wanted), 0, 10)  # type: ignore[arg-type]
        assert total == len(found)
        return {script.text for script in found}

    assert texts(collection="shop") == {DRAFT.text, "Hello 100%"}
    assert texts(language="en") == {"Hello 100%"}
    assert texts(state=ApprovalState.APPROVED) == {"稍等"}
    assert texts(tag="问候") == {DRAFT.text, "稍等"}
    assert texts(tag="问") == set()
    assert texts(text="0%") == {"Hello 100%"}
    assert texts(text="_") == set()
    assert [one.text for one in catalog.scripts.approved()] == ["稍等"]
    page, total = catalog.scripts.listed(ScriptFilter(), 1, 1)
    assert (len(page), total) == (1, 3)


def test_script_edited_by_many_at_once_loses_no_version(catalog: Catalog) -> None:
    (script,) = catalog.scripts.put_all([DRAFT])

    def edit(number: int) -> None:
        draft = replace(DRAFT, script_id=script.script_id, text=f"第{number}句")
        catalog.scripts.put_all([draft])

    threads = [threading.Thread(target=edit, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [one.version for one in catalog.scripts.versions(script.script_id)] == list(
        range(9, 0, -1)
    )
