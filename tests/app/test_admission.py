import asyncio
import threading
from collections.abc import Iterator

import pytest

from app.admission import Admission
from app.errors import Overloaded
from tests.app.service_fakes import until


async def test_run_returns_and_raises_what_the_call_does() -> None:
    pool = Admission(1, 0)
    assert await pool.run(lambda: 5) == 5
    with pytest.raises(ZeroDivisionError):
        await pool.run(lambda: 1 // 0)
    assert await pool.run(lambda: 6) == 6


async def test_run_keeps_the_bound_and_refuses_the_rest_at_once() -> None:
    pool = Admission(2, 3)
    gate = threading.Event()
    lock = threading.Lock()
    under_way: list[int] = []
    most = 0

    def call() -> None:
        nonlocal most
        with lock:
            under_way.append(1)
            most = max(most, len(under_way))
        gate.wait(10)
        with lock:
            under_way.pop()

    calls = [asyncio.create_task(pool.run(call)) for _ in range(5)]
    await until(lambda: len(under_way) == 2)
    with pytest.raises(Overloaded):
        await pool.run(call)
    gate.set()
    await asyncio.gather(*calls)
    assert most == 2
    await pool.run(call)


async def test_run_without_a_waiting_bound_refuses_nobody() -> None:
    pool = Admission(1, None)
    assert await asyncio.gather(*(pool.run(lambda: 1) for _ in range(200))) == [1] * 200


async def test_feed_gives_items_in_order_then_the_error_that_ended_them() -> None:
    def items() -> Iterator[int]:
        yield from range(3)
        raise KeyError("end")

    feed = Admission(1, 0).feed(items)
    assert [await anext(feed) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(KeyError, match="end"):
        await anext(feed)


async def test_feed_that_ended_stays_ended() -> None:
    feed = Admission(1, 0).feed(lambda: iter([1]))
    assert [item async for item in feed] == [1]
    assert [item async for item in feed] == []


async def test_feed_holds_its_place_until_its_thread_is_done() -> None:
    pool = Admission(1, 0)
    step = threading.Semaphore(0)
    asking = threading.Semaphore(0)
    closed = threading.Event()

    def items() -> Iterator[int]:
        try:
            while True:
                asking.release()
                assert step.acquire(timeout=10)
                yield 1
        finally:
            closed.set()

    feed = pool.feed(items)
    step.release()
    assert await anext(feed) == 1
    for _ in range(2):
        await until(lambda: asking.acquire(blocking=False))
    feed.close()
    feed.close()
    assert feed.closed
    with pytest.raises(Overloaded):
        await pool.run(lambda: 1)
    assert not closed.is_set()
    step.release()
    await until(closed.is_set)
    assert [item async for item in feed] == [1]
    assert await pool.run(lambda: 2) == 2


async def test_feed_closed_before_its_turn_never_starts_and_frees_its_place() -> None:
    pool = Admission(1, 1)
    gate = threading.Event()
    started: list[bool] = []

    def items() -> Iterator[int]:
        started.append(True)
        yield 1

    holding = asyncio.create_task(pool.run(lambda: gate.wait(10)))
    await asyncio.sleep(0.02)
    for wait_first in (True, False):
        feed = pool.feed(items)
        if wait_first:
            await asyncio.sleep(0.02)
        feed.close()
        assert [item async for item in feed] == []
    gate.set()
    await holding
    assert started == []
    assert await pool.run(lambda: 1) == 1
