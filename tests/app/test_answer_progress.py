from app.answer_events import AnswerRequest
from app.answer_progress import Progress
from generation.confidence import Calibration

REQUEST = AnswerRequest("期限多长？", "hr", (), None, None, None, None, "trace-1")


def test_progress_notes_a_moment_once_and_no_two_share_anything() -> None:
    one, other = (Progress(REQUEST, "zh", Calibration(0.2), 0.0) for _ in range(2))
    one.mark("retrieval")
    first = one.timings["retrieval"]
    one.mark("retrieval")
    assert one.timings == {"retrieval": first}
    assert first > 0
    with one.times.timed("search"):
        one.shown.append("句。")
    assert (other.shown, other.timings, other.times.seconds) == ([], {}, {})
    assert one.support is None
