import time
from collections.abc import Iterator

from app.stage_times import StageTimes


def test_stages_add_up_and_waiting_for_items_counts() -> None:
    times = StageTimes()

    def slow() -> Iterator[int]:
        for number in range(3):
            time.sleep(0.01)
            yield number

    for _ in times.each("generate", slow()):
        with times.timed("align"):
            time.sleep(0.001)
    assert 0.03 <= times.seconds["generate"] < 5
    assert 0.003 <= times.seconds["align"] < 5


def test_closing_what_is_timed_closes_its_generator() -> None:
    closed = []

    def endless() -> Iterator[int]:
        try:
            while True:
                yield 1
        finally:
            closed.append(True)

    items = StageTimes().each("generate", endless())
    next(items)
    items.close()
    assert closed == [True]
