"""What an encoder is called: vectors of encoders with different names do not compare."""

import hashlib
from pathlib import Path


def encoder_name(model: str | Path, adapter: Path | None = None) -> str:
    """Return the name of a model with what training changed of it, without loading either.

    model: a name or folder. Two adapters of one model give two names. Raises OSError where the
    adapter cannot be read.
    """
    path = Path(str(model))
    name = path.name or path.resolve().name
    if adapter is None:
        return name
    return f"{name}+{hashlib.sha256(adapter.read_bytes()).hexdigest()[:8]}"
