"""The in-process generator behind the port that every generator implements."""

from collections.abc import Iterator

from generation.errors import GeneratorUnavailable
from models.generator import GenerationFailed, LocalGenerator


class BundledGenerator:
    """Implements `generation.ports.Generator` over a `LocalGenerator`."""

    def __init__(self, model: LocalGenerator) -> None:
        self._model = model

    @property
    def name(self) -> str:
        """Return the model's name with its adapter's."""
        return self._model.name

    @property
    def is_up(self) -> bool:
        """Return True: a model in this process is there as long as the process."""
        return True

    def stream(self, prompt: str, *, max_tokens: int) -> Iterator[str]:
        """Yield pieces of the reply; closing the iterator stops the model.

        Raises GeneratorUnavailable when llama.cpp reports an error.
        """
        try:
            yield from self._model.stream(prompt, max_tokens=max_tokens)
        except GenerationFailed as exc:
            raise GeneratorUnavailable(self.name, str(exc)) from exc

    def count_tokens(self, text: str) -> int:
        """Return an upper estimate of a text's length in the model's tokens."""
        return self._model.count_tokens(text)

    def close(self) -> None:
        """Do nothing: the model's memory goes with the process."""
