"""Loading without transformers' bars and reports, which would stand in every command's output."""

from collections.abc import Iterator
from contextlib import contextmanager

from transformers.utils import logging as noise


@contextmanager
def quiet_loading() -> Iterator[None]:
    """Show neither progress bars, from now on, nor what weights are unused, while inside."""
    noise.disable_progress_bar()  # type: ignore[no-untyped-call]  # transformers: untyped
    verbosity = noise.get_verbosity()
    noise.set_verbosity_error()  # type: ignore[no-untyped-call]  # transformers: untyped
    try:
        yield
    finally:
        noise.set_verbosity(verbosity)
