"""What can go wrong with a generator, and with compliance."""

from collections.abc import Iterator
from contextlib import contextmanager


class GeneratorUnavailable(Exception):
    """The model server is away, overloaded, or stopped in the middle of a reply."""

    def __init__(self, name: str, detail: str) -> None:
        super().__init__(f"The generator {name} is unavailable: {detail}")
        self.name = name
        self.detail = detail


class ComplianceFailed(Exception):
    """A part of compliance failed, so that nothing may be shown but approved words.

    part: what failed, from a fixed list, for counting; cause: the kind of error.
    """

    def __init__(self, part: str, cause: str) -> None:
        super().__init__(f"Compliance failed ({part}): {cause}")
        self.part = part
        self.cause = cause


@contextmanager
def failing_closed(part: str) -> Iterator[None]:
    """Raise ComplianceFailed in place of whatever goes wrong meanwhile."""
    try:
        yield
    except Exception as exc:
        # Fails closed: what is not known to be sound may not lead to anything else being shown.
        raise ComplianceFailed(part, type(exc).__name__) from exc
