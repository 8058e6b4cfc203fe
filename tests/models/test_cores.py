import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from models.cores import Cores


def test_map_keeps_the_order_whatever_takes_longest() -> None:
    def work(number: int) -> int:
        time.sleep(0.01 * (5 - number))
        return number * number

    assert Cores(3).map(work, range(5)) == [0, 1, 4, 9, 16]
    assert Cores(3).map(work, []) == []


def test_map_works_on_several_pieces_at_once_each_on_one_core() -> None:
    together = threading.Barrier(2, timeout=20)

    def work(_piece: int) -> int:
        together.wait()
        return torch.get_num_threads()

    assert Cores(2).map(work, range(4)) == [1, 1, 1, 1]


def test_map_lets_another_call_come_between() -> None:
    cores, order = Cores(1), list[str]()
    begun, asked = threading.Event(), threading.Event()

    def work(piece: str) -> None:
        order.append(piece)
        begun.set()
        assert asked.wait(20)

    with ThreadPoolExecutor(2) as pool:
        long = pool.submit(cores.map, work, ["long"] * 9)
        assert begun.wait(20)
        short = pool.submit(cores.map, work, ["short"])
        while cores._pool._work_queue.qsize() < 1:
            time.sleep(0.001)
        asked.set()
        short.result(20)
        long.result(20)
    assert order.index("short") <= 2


def test_map_raises_what_a_piece_raises_and_goes_on_working() -> None:
    cores = Cores(2)
    with pytest.raises(ZeroDivisionError):
        cores.map(lambda number: 1 // number, [1, 0, 2, 3])
    assert cores.map(abs, [-1]) == [1]
