"""What can go wrong with a generator."""


class GeneratorUnavailable(Exception):
    """The model server is away, overloaded, or stopped in the middle of a reply."""

    def __init__(self, name: str, detail: str) -> None:
        super().__init__(f"The generator {name} is unavailable: {detail}")
        self.name = name
        self.detail = detail
