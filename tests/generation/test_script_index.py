from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Thread

from generation.script_index import Match, ScriptIndex
from generation.script_wording import wording
from ingestion.store.scripts import ApprovalState, StoredScript
from tests.generation.script_fakes import NOW, GramEncoder

ENCODER = GramEncoder()
DAY = timedelta(days=1)
PAY = StoredScript(
    script_id="pay",
    collection="",
    language="zh",
    stage="inquiry",
    state=ApprovalState.APPROVED,
    version=1,
    text="付款可以用银行卡或者微信。",
    variants=("微信和银行卡都能付款。",),
    tags=(),
    valid_from=None,
    valid_to=None,
    author="",
    created_at=NOW,
    updated_at=NOW,
)


def index_of(*scripts: StoredScript) -> ScriptIndex:
    index = ScriptIndex(ENCODER.dimension)
    for script in scripts:
        index.add(script, ENCODER.embed_queries([script.text, *script.variants]))
    return index


def nearest(
    index: ScriptIndex,
    text: str = PAY.text,
    collections: Sequence[str] = ("", "a"),
    now: datetime = NOW,
    limit: int = 5,
) -> list[Match]:
    return index.nearest(
        wording(text),
        ENCODER.embed_queries([text])[0],
        collections=collections,
        language="zh",
        now=now,
        limit=limit,
    )


def ids(found: Sequence[Match]) -> set[str]:
    return {one.script.script_id for one in found}


def test_nearest_looks_only_into_its_collections_and_language() -> None:
    index = index_of(
        PAY,
        replace(PAY, script_id="a", collection="a"),
        replace(PAY, script_id="b", collection="b"),
        replace(PAY, script_id="en", language="en"),
    )
    assert ids(nearest(index)) == {"pay", "a"}
    assert ids(nearest(index, collections=("", ""))) == {"pay"}
    assert ids(nearest(index, collections=("none",))) == set()


def test_nearest_scripts_come_and_go_at_their_bounds_whichever_way_the_clock_runs() -> None:
    soon = replace(PAY, script_id="soon", valid_from=NOW + DAY, valid_to=NOW + 2 * DAY)
    index = index_of(PAY, soon)
    seen = [ids(nearest(index, now=NOW + days * DAY)) for days in (0, 1, 2, 1, 0)]
    assert seen == [{"pay"}, {"pay", "soon"}, {"pay"}, {"pay", "soon"}, {"pay"}]
    index.remove([("soon", 1)])
    assert ids(nearest(index, now=NOW + DAY)) == {"pay"}


def test_expired_scripts_do_not_crowd_out_those_in_force() -> None:
    past = [replace(PAY, script_id=f"p{n}", valid_to=NOW) for n in range(60)]
    index = index_of(*past, PAY)
    assert ids(nearest(index)) == {"pay"}


def test_each_script_comes_once_and_what_differs_comes_last_with_a_score_of_zero() -> None:
    other = replace(PAY, script_id="not", text="付款不可以用银行卡或者微信。", variants=())
    index = index_of(PAY, other)
    found = nearest(index)
    assert [one.script.script_id for one in found] == ["pay", "not"]
    assert [one.score for one in found] == [1.0, 0.0]
    assert [one.differs for one in found] == ["", "negation"]
    assert [one.script.script_id for one in nearest(index, limit=1)] == ["pay"]


def test_versions_are_scripts_of_their_own_and_unknown_keys_are_ignored() -> None:
    index = index_of(PAY, replace(PAY, version=2, text="发票在订单完成后开具。", variants=()))
    index.remove([("pay", 1), ("none", 1)])
    assert list(index) == [("pay", 2)]
    assert len(index) == 1
    assert ("pay", 2) in index


def test_prepare_reads_so_many_scripts_and_no_removed_ones() -> None:
    index = index_of(*(replace(PAY, script_id=f"s{number}") for number in range(3)))
    readings = [kept.reading for kept in index._places[("", "zh")]._kept.values()]
    index.remove([("s2", 1)])
    index.prepare(1)
    assert sum("statements" in vars(reading) for reading in readings) == 1
    index.prepare(10)
    assert ["statements" in vars(reading) for reading in readings] == [True, True, False]


def test_nearest_while_scripts_come_and_go_gives_only_whole_matches() -> None:
    index = index_of(PAY)
    failures: list[Exception] = []

    def search() -> None:
        try:
            for _ in range(200):
                assert nearest(index)[0].score == 1.0
        except Exception as error:  # noqa: BLE001  # told to the test's own thread
            failures.append(error)

    threads = [Thread(target=search) for _ in range(2)]
    for thread in threads:
        thread.start()
    for number in range(200):
        extra = replace(PAY, script_id=f"x{number}", valid_to=NOW + DAY)
        index.add(extra, ENCODER.embed_queries([extra.text, *extra.variants]))
        index.prepare(1)
        index.remove([(f"x{number}", 1)])
    for thread in threads:
        thread.join()
    assert failures == []
