from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from generation.policy import Mode
from generation.script_library import ScriptLibrary
from ingestion.errors import CatalogUnavailable
from ingestion.store.catalog import Catalog
from ingestion.store.scripts import ApprovalState, ScriptDraft
from tests.generation.script_fakes import NOW, GramEncoder

PAY = ScriptDraft(
    "付款可以用银行卡或者微信。", "zh", "inquiry", state=ApprovalState.APPROVED, script_id="pay"
)


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    catalog = Catalog(tmp_path / "catalog.sqlite")
    yield catalog
    catalog.close()


def library_of(catalog: Catalog, encoder: GramEncoder | None = None) -> ScriptLibrary:
    made = ScriptLibrary(
        catalog.scripts, catalog.policies.newest, encoder or GramEncoder(), lambda: NOW
    )
    made.follow()
    return made


def ids(library: ScriptLibrary, text: str = PAY.text, collection: str = "a") -> list[str]:
    found = library.nearest(text, collection=collection, language="zh")
    return [one.script.script_id for one in found]


def test_script_approved_matches_and_its_edit_and_withdrawal_are_live(catalog: Catalog) -> None:
    library = library_of(catalog)
    catalog.scripts.put_all([PAY])
    library.follow()
    assert ids(library) == ["pay"]
    catalog.scripts.put_all([replace(PAY, text="发票在订单完成后开具。")])
    library.follow()
    (found,) = library.nearest("发票在订单完成后开具。", collection="a", language="zh")
    assert (found.score, found.script.version) == (1.0, 2)
    catalog.scripts.put_all([replace(PAY, state=ApprovalState.RETIRED)])
    library.follow()
    assert ids(library) == []


def test_script_draft_expired_or_of_another_collection_never_matches(catalog: Catalog) -> None:
    day = timedelta(days=1)
    catalog.scripts.put_all(
        [
            replace(PAY, script_id="draft", state=ApprovalState.DRAFT),
            replace(PAY, script_id="past", valid_to=NOW),
            replace(PAY, script_id="coming", valid_from=NOW + day),
            replace(PAY, script_id="other", collection="b"),
            replace(PAY, script_id="en", language="en"),
            replace(PAY, script_id="fallback", tags=("fallback",)),
            replace(PAY, script_id="now", valid_from=NOW - day, valid_to=NOW + day),
        ]
    )
    library = library_of(catalog)
    assert ids(library) == ["now"]
    assert set(ids(library, collection="b")) == {"now", "other"}


def test_vectors_once_made_are_not_made_again(catalog: Catalog) -> None:
    catalog.scripts.put_all([replace(PAY, variants=("微信和银行卡都能付款。",))])
    library_of(catalog)
    encoder = GramEncoder()
    again = library_of(catalog, encoder)
    assert encoder.embedded == []
    assert ids(again, "微信和银行卡都能付款。") == ["pay"]


def test_follow_many_new_scripts_embeds_them_bit_by_bit(catalog: Catalog) -> None:
    catalog.scripts.put_all([replace(PAY, script_id=f"s{number}") for number in range(5)])
    library = ScriptLibrary(catalog.scripts, catalog.policies.newest, GramEncoder(), lambda: NOW)
    library.follow(2)
    assert len(ids(library)) == 2
    library.follow(2)
    library.follow(2)
    assert len(ids(library)) == 5


def test_follow_catalog_away_or_policy_unreadable_raises(catalog: Catalog) -> None:
    library = library_of(catalog)
    catalog.policies.put("a", {"mode": "strict", "threshold": 0.8}, "")
    library.follow()
    assert library.policy("a").mode is Mode.STRICT
    assert library.policy("a").threshold_at("inquiry") == 0.8
    assert library.policy("b").mode is Mode.GUARD
    catalog.policies.put("a", {"mode": "lenient"}, "")
    for _ in range(2):
        with pytest.raises(ValueError, match="lenient"):
            library.follow()


def test_fallbacks_rotate_without_repeating_then_the_universal_one(catalog: Catalog) -> None:
    by_stage = [
        replace(PAY, script_id=f"f{number}", text=f"稍等{number}", tags=("fallback",))
        for number in (1, 2)
    ]
    universal = replace(PAY, script_id="u", stage="fallback", text="抱歉")
    catalog.scripts.put_all([*by_stage, universal])
    library = library_of(catalog)
    used: list[str] = []
    for _ in range(4):
        script = library.fallback("a", "inquiry", "zh", used)
        assert script is not None
        used.append(script.script_id)
    assert used == ["f1", "f2", "u", "u"]
    assert library.fallback("a", "inquiry", "en", ()) is None


def test_follow_store_away_raises(catalog: Catalog) -> None:
    library = library_of(catalog)

    class Away:
        def change_number(self) -> int:
            raise CatalogUnavailable("locked")

    library._store = Away()  # type: ignore[assignment]
    with pytest.raises(CatalogUnavailable):
        library.follow()
