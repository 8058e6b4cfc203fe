import time

import pytest

from generation.event_order import Order, event_order


@pytest.mark.parametrize(
    ("text", "first", "second"),
    [
        ("请先验货，再付款。", "验货", "付款。"),
        ("先验货，然后付款", "验货", "付款"),
        ("付款之前请验货", "请验货", "付款"),
        ("登录账户后修改地址", "登录账户", "修改地址"),
        ("before you sign, read the terms", "read the terms", "you sign"),
        ("read the terms before you sign", "read the terms ", "you sign"),
        ("after signing in, change it", "signing in", "change it"),
        ("you can change it after signing in", "signing in", "you can change it "),
        ("sign now and read it later", "sign", "read it"),
        ("check the details, then submit", "check the details", "submit"),
    ],
)
def test_event_order_says_what_comes_first(text: str, first: str, second: str) -> None:
    assert event_order(text) == Order(first, second)


@pytest.mark.parametrize("text", ["", "目前没有问题", "请留意后续通知", "the order details", "先"])
def test_event_order_of_one_event_is_none(text: str) -> None:
    assert event_order(text) is None


def test_event_order_of_hostile_text_takes_no_time() -> None:
    began = time.process_time()
    for text in ("先" * 300, "a " * 150, "first " * 50, "先" * 100_000, "before " * 20_000):
        event_order(text)
    assert time.process_time() - began < 1.0
