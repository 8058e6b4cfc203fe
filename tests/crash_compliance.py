"""What compliance keeps, before and after a process that answered or wrote it was killed."""

import json
from pathlib import Path

from ingestion.store.audit import AuditFilter
from ingestion.store.catalog import Catalog
from tests.app.gate_stack import OWN
from tests.crash_host import COLLECTION, GONE, SCRIPT

SHOWN = "shown.json"


def prepare_asked(catalog: Catalog) -> None:
    """Put scripts and a policy there, so that conversations have stages."""
    catalog.scripts.put_all(OWN)
    catalog.policies.put(COLLECTION, {"mode": "guard"}, "li")


def left_written_down(catalog: Catalog) -> None:
    """Whatever a client has seen is in the audit, in that order; the last may not have left."""
    shown = json.loads((_folder(catalog) / SHOWN).read_text())
    written = [entry.texts["shown"] for entry in catalog.audit.every(AuditFilter()) if entry.texts]
    assert [text for text in written if text][: len(shown)] == shown
    assert list(catalog.audit.verify()) == []


def check_asked(catalog: Catalog, answered: bool) -> None:
    """An answer that came to its end is whole; none shows what is blocked."""
    left_written_down(catalog)
    shown = json.loads((_folder(catalog) / SHOWN).read_text())
    assert not answered or len(shown) == 3
    assert "稳赚" not in "".join(shown)


def prepare_comply(catalog: Catalog) -> None:
    """Put first versions there, and a script that is to go."""
    catalog.scripts.put_all([SCRIPT, GONE])
    catalog.policies.put(COLLECTION, {"mode": "guard"}, "li")


def check_complied(catalog: Catalog, answered: bool) -> None:
    """What was written came one after the other, each of it wholly or not at all."""
    pay, new = catalog.scripts.get("pay"), catalog.scripts.get("new")
    assert pay is not None
    assert (pay.version, new is not None) in {(1, False), (2, True)}
    assert [one.version for one in catalog.scripts.versions("pay")] == [2, 1][-pay.version :]
    entries = list(catalog.audit.every(AuditFilter()))
    done = [
        pay.version == 2,
        bool(catalog.scripts.vectors("grams", ["pay"])),
        catalog.scripts.get("gone") is None,
        len(catalog.policies.versions(COLLECTION)) == 2,
        catalog.rule_sets.version(COLLECTION) == 1,
        catalog.policies.state("s").used == ("pay",),
        len(entries) >= 2,
        len(entries) == 3 and entries[0].texts is None,
    ]
    assert done == sorted(done, reverse=True)
    assert all(done) or not answered
    assert list(catalog.audit.verify()) == []


def _folder(catalog: Catalog) -> Path:
    return catalog._sources._folder.parent
