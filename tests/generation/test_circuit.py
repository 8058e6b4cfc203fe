from generation.circuit import CircuitBreaker


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def opened(clock: Clock) -> CircuitBreaker:
    breaker = CircuitBreaker(failures=2, open_seconds=10, clock=clock)
    breaker.failed()
    breaker.failed()
    return breaker


def test_circuit_below_the_limit_stays_closed() -> None:
    breaker = CircuitBreaker(failures=2, open_seconds=10, clock=Clock())
    breaker.failed()
    breaker.succeeded()
    breaker.failed()
    assert breaker.admits()


def test_circuit_at_the_limit_opens_until_the_time_is_up() -> None:
    clock = Clock()
    breaker = opened(clock)
    assert breaker.is_open
    assert not breaker.admits()
    clock.now = 9.9
    assert not breaker.admits()
    clock.now = 10
    assert breaker.admits()


def test_circuit_half_open_admits_one_probe_only() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now = 10
    assert [breaker.admits(), breaker.admits()] == [True, False]


def test_circuit_after_probe_success_closes() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now = 10
    breaker.admits()
    assert breaker.is_open
    breaker.succeeded()
    assert not breaker.is_open
    assert breaker.admits() and breaker.admits()


def test_circuit_after_probe_failure_opens_anew() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now = 10
    breaker.admits()
    breaker.failed()
    clock.now = 19.9
    assert not breaker.admits()
    clock.now = 20
    assert breaker.admits()


def test_circuit_after_abandoned_probe_admits_another() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now = 10
    breaker.admits()
    breaker.gave_up()
    assert breaker.admits()


def test_circuit_late_failures_while_open_do_not_prolong_it() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now = 5
    breaker.failed()
    clock.now = 10
    assert breaker.admits()
