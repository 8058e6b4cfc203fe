import threading
import time

import pytest

from generation.bounded import Bounded, Crowded, Overran, ThreadEnded


def test_bounded_call_returns_or_raises_what_it_does() -> None:
    bounded = Bounded(5.0)
    assert bounded.call(lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        bounded.call(lambda: 1 // 0)


def test_bounded_call_that_hangs_is_left_behind_and_counts_until_it_ends() -> None:
    released = threading.Event()
    bounded = Bounded(0.05, at_once=2)
    began, before = time.monotonic(), threading.active_count()
    for _ in range(2):
        with pytest.raises(Overran):
            bounded.call(lambda: released.wait(10))
    for _ in range(5):
        with pytest.raises(Crowded):
            bounded.call(lambda: 1)
    assert threading.active_count() - before == 2
    assert time.monotonic() - began < 5
    released.set()
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            assert bounded.call(lambda: 2) == 2
        except Crowded:
            continue
        return
    raise AssertionError("the slots were not given back")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_bounded_call_that_ends_its_thread_is_an_error() -> None:
    def leave() -> None:
        raise SystemExit

    with pytest.raises(ThreadEnded):
        Bounded(60.0, name="leaving").call(leave)
    for thread in threading.enumerate():
        if thread.name == "leaving":
            thread.join(5)
