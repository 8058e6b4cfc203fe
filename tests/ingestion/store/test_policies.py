from pathlib import Path

from ingestion.store.catalog import Catalog
from ingestion.store.policies import SessionState


def test_policy_put_again_is_the_next_version_and_the_old_one_stays(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path / "catalog.sqlite")
    number = catalog.scripts.change_number()
    catalog.policies.put("a", {"mode": "guard"}, "li")
    catalog.policies.put("a", {"mode": "strict"}, "wang")
    catalog.policies.put("b", {"mode": "off"}, "")
    assert [(one.version, one.content["mode"]) for one in catalog.policies.versions("a")] == [
        (2, "strict"),
        (1, "guard"),
    ]
    newest = {one.collection: one.version for one in catalog.policies.newest()}
    assert newest == {"a": 2, "b": 1}
    assert catalog.scripts.change_number() == number + 3
    catalog.close()


def test_session_state_kept_is_found_again(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path / "catalog.sqlite")
    assert catalog.policies.state("s") == SessionState()
    for state in (SessionState("inquiry", ("x",), 1), SessionState("closing", ("x", "y"), 0)):
        catalog.policies.keep_state("s", "a", state)
        assert catalog.policies.state("s") == state
    catalog.close()
