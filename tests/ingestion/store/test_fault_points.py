from ingestion.store.fault_points import FaultPoint, reach, watched


def test_reach_tells_a_watcher_which_points_came_in_order() -> None:
    seen: list[FaultPoint] = []
    with watched(seen.append):
        reach(FaultPoint.SOURCE_STAGING)
        reach(FaultPoint.SOURCE_STAGED)
    assert seen == [FaultPoint.SOURCE_STAGING, FaultPoint.SOURCE_STAGED]


def test_reach_without_a_watcher_does_nothing() -> None:
    seen: list[FaultPoint] = []
    with watched(seen.append):
        pass
    reach(FaultPoint.JOB_CLAIMED)
    assert seen == []
