"""How long a job still takes: from its own pace in a stage, and from earlier jobs' for the rest."""

from app.ingest_document import STAGE_STARTS

# Below this share of a stage its pace is not known.
_PACE_FROM = 0.05
# What an earlier document counts, each time another has been measured.
_MEMORY = 0.8
# Bytes or characters; what less takes says nothing of what more would: most of it is overhead.
_LEAST = 5000
_STAGES = (*STAGE_STARTS, "storing")
# What follows on embedding is short, however long the text.
_LONG = _STAGES[: _STAGES.index("embedding") + 1]
_STARTS = (*STAGE_STARTS.values(), 1.0)
# Not a stage: characters per byte of file, learnt as if they were seconds.
_TEXT = "text"


class StageRates:
    """The seconds that stages took for the last documents: parsing by bytes, others by characters.

    Larger documents count more, earlier ones less and less.
    """

    def __init__(self) -> None:
        self._sums: dict[str, tuple[float, float]] = {}

    def learn(self, stage: str, seconds: float, amount: float) -> None:
        """Note that a stage took so long for that many bytes or characters."""
        if amount >= _LEAST:
            seconds_before, amount_before = self._sums.get(stage, (0.0, 0.0))
            self._sums[stage] = (
                _MEMORY * seconds_before + seconds,
                _MEMORY * amount_before + amount,
            )

    def estimate(self, stage: str, amount: float) -> float | None:
        """Return the seconds that a stage should take; None before the first document."""
        if stage not in self._sums:
            return None
        seconds, known = self._sums[stage]
        return amount * seconds / known


class JobClock:
    """What is known of one job's pace. size: bytes of its file. All moments are seconds."""

    def __init__(self, rates: StageRates, size: int = 0) -> None:
        self.size = size
        self._rates = rates
        self._characters = 0
        self._stage = ""
        self._began = self._reported = 0.0
        self._share = 0.0

    def note(self, stage: str, share: float, characters: int, now: float) -> None:
        """Note where the job is: its stage, and the share of the whole job done.

        characters: of its text; 0: not known yet, or told before.
        """
        if characters:
            self._characters = characters
            self._rates.learn(_TEXT, characters, self.size)
        if stage != self._stage:
            self.end_stage(now)
            self._stage, self._began = stage, now
        self._share, self._reported = share, now

    def end_stage(self, now: float) -> None:
        """Note that the present stage came to its end."""
        if self._stage in _STAGES:
            amount = self._amount(self._stage)
            self._rates.learn(self._stage, now - self._began, amount or 0.0)

    def eta(self, now: float) -> float | None:
        """Return the seconds left, more than 0; None while nothing tells them.

        A stage that takes longer than thought has an unknown end.
        """
        if self._stage not in _STAGES:
            return None
        position = _STAGES.index(self._stage)
        whole = self._stage_seconds(position)
        if whole is None or whole <= now - self._began:
            return None
        left = whole - (now - self._began)
        for stage in _LONG[position + 1 :]:
            seconds = self._estimate(stage)
            if seconds is None:
                return None
            left += seconds
        return left

    def _stage_seconds(self, position: int) -> float | None:
        """Return how long the present stage takes as a whole."""
        if position + 1 < len(_STAGES):
            start, end = _STARTS[position : position + 2]
            done = (self._share - start) / (end - start)
            if done >= _PACE_FROM:
                return (self._reported - self._began) / done
        return self._estimate(self._stage)

    def _estimate(self, stage: str) -> float | None:
        amount = self._amount(stage)
        return None if amount is None else self._rates.estimate(stage, amount)

    def _amount(self, stage: str) -> float | None:
        if stage == "parsing":
            return self.size
        return self._characters or self._rates.estimate(_TEXT, self.size)
