from datetime import UTC, datetime, timedelta

from app.audit_retention import EVERY_SECONDS, Retention


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_retention_erases_what_is_older_and_not_at_every_call() -> None:
    asked: list[datetime] = []

    def erase(*, before: datetime) -> int:
        asked.append(before)
        return 2

    clock = Clock()
    retention = Retention(erase, 30, clock)
    retention.after(lambda: None)()
    assert (len(asked), retention.apply()) == (1, 0)
    clock.now = EVERY_SECONDS
    assert retention.apply() == 2
    assert abs(asked[0] - (datetime.now(UTC) - timedelta(days=30))) < timedelta(minutes=1)
    assert Retention(erase, 0, clock).apply() == 0
    assert len(asked) == 2
