import pytest

from app.eta import JobClock, StageRates
from app.ingest_document import STAGE_STARTS


def rates(seconds: float = 10.0, amount: float = 10_000.0) -> StageRates:
    """Return what is known after one document: every stage took as long."""
    known = StageRates()
    for stage in (*STAGE_STARTS, "storing"):
        known.learn(stage, seconds, amount)
    return known


def share(stage: str, done: float) -> float:
    """Return the share of the job where that share of a stage is done."""
    starts = [*STAGE_STARTS.values(), 1.0]
    position = list(STAGE_STARTS).index(stage)
    return starts[position] + done * (starts[position + 1] - starts[position])


def test_rates_follow_the_last_documents() -> None:
    known = StageRates()
    assert known.estimate("embedding", 100) is None
    known.learn("embedding", 10.0, 10_000)
    assert known.estimate("embedding", 5000) == pytest.approx(5.0)
    known.learn("embedding", 5.0, 400)  # too little to tell
    assert known.estimate("embedding", 5000) == pytest.approx(5.0)
    for _ in range(30):
        known.learn("embedding", 40.0, 10_000)
    assert known.estimate("embedding", 5000) == pytest.approx(20.0, rel=0.02)


def test_eta_of_the_first_document_is_unknown_until_embedding_has_a_pace() -> None:
    clock = JobClock(StageRates(), 10_000)
    clock.note("parsing", 0.0, 0, 0.0)
    assert clock.eta(0.5) is None
    clock.note("parsing", share("parsing", 0.5), 0, 1.0)
    assert clock.eta(1.0) is None
    clock.note("structure", STAGE_STARTS["structure"], 8000, 2.0)
    clock.note("embedding", STAGE_STARTS["embedding"], 0, 3.0)
    assert clock.eta(3.5) is None
    clock.note("embedding", share("embedding", 0.25), 0, 5.0)
    assert clock.eta(5.0) == pytest.approx(6.0)
    assert clock.eta(7.0) == pytest.approx(4.0)


def test_eta_adds_the_stages_that_come() -> None:
    clock = JobClock(rates(), 10_000)
    clock.note("structure", STAGE_STARTS["structure"], 20_000, 0.0)
    # 20 s each for structure, chunking, key_info and embedding; the rest is short.
    assert clock.eta(5.0) == pytest.approx(75.0)
    clock.note("embedding", share("embedding", 0.0), 0, 5.0)
    assert clock.eta(5.0) == pytest.approx(20.0)
    clock.note("embedding", share("embedding", 0.5), 0, 10.0)
    assert clock.eta(10.0) == pytest.approx(5.0)


def test_eta_while_parsing_foresees_the_text_from_earlier_files() -> None:
    known = rates()
    known.learn("text", 5000, 10_000)
    clock = JobClock(known, 20_000)
    clock.note("parsing", 0.0, 0, 0.0)
    assert clock.eta(0.0) == pytest.approx(20.0 + 4 * 10.0)


def test_eta_is_never_zero_or_less_and_unknown_where_the_past_was_wrong() -> None:
    clock = JobClock(rates(1.0), 10_000)
    clock.note("storing", 1.0, 10_000, 0.0)
    assert clock.eta(0.5) == pytest.approx(0.5)
    assert clock.eta(1.0) is None
    assert clock.eta(30.0) is None
    clock.note("elsewhere", 0.5, 0, 31.0)
    assert clock.eta(31.0) is None


def test_small_documents_teach_nothing_of_large_ones() -> None:
    known = rates()
    for _ in range(50):
        known.learn("embedding", 1.0, 100)
        known.learn("summary", 1.0, 100)
    clock = JobClock(known, 10_000)
    clock.note("embedding", STAGE_STARTS["embedding"], 100_000, 0.0)
    assert clock.eta(0.0) == pytest.approx(100.0)


def test_clock_teaches_the_rates() -> None:
    known = StageRates()
    clock = JobClock(known, 10_000)
    for stage, characters, now in (
        ("parsing", 0, 0.0),
        ("structure", 5000, 4.0),
        ("chunking", 0, 5.0),
    ):
        clock.note(stage, STAGE_STARTS[stage], characters, now)
    clock.end_stage(8.0)
    assert known.estimate("parsing", 10_000) == pytest.approx(4.0)
    assert known.estimate("structure", 5000) == pytest.approx(1.0)
    assert known.estimate("chunking", 5000) == pytest.approx(3.0)
    assert known.estimate("text", 20_000) == pytest.approx(10_000)
