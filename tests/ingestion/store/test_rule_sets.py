from pathlib import Path

from ingestion.store.catalog import Catalog


def test_rule_set_put_again_is_the_next_version_of_its_collection(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path / "catalog.sqlite")
    assert (catalog.rule_sets.version("a"), catalog.rule_sets.newest("a")) == (0, None)
    catalog.rule_sets.put("a", "one", "li")
    catalog.rule_sets.put("a", "two", "wang")
    catalog.rule_sets.put("b", "three", "")
    newest = catalog.rule_sets.newest("a")
    assert newest is not None
    assert (newest.version, newest.content, newest.author) == (2, "two", "wang")
    assert (catalog.rule_sets.version("a"), catalog.rule_sets.version("b")) == (2, 1)
    catalog.close()
    again = Catalog(tmp_path / "catalog.sqlite")
    assert again.rule_sets.version("a") == 2
    again.close()


def test_rule_set_that_is_kept_is_a_version_only_when_it_changed(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path / "catalog.sqlite")
    for content in ("one", "one", "two", "one"):
        catalog.rule_sets.keep("", content, "youju")
    assert [one.content for one in catalog.rule_sets.versions("")] == ["one", "two", "one"]
    assert catalog.rule_sets.versions("a") == []
    catalog.close()
