"""What several packages' tests share: the real models, prepared once for all sessions."""

from pathlib import Path

import pytest

from app.settings import Settings
from models.bundled import prepare_encoder, prepare_generator

REPOSITORY = Path(__file__).resolve().parents[1]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--every-kill",
        action="store_true",
        help="kill a process at each occurrence of each fault point, which takes minutes",
    )
    parser.addoption(
        "--every-fault",
        action="store_true",
        help="break each function of compliance on each way through it, which takes minutes",
    )


@pytest.fixture(scope="session")
def models_dir() -> Path:
    """The repository's own folder of prepared models; the first session ever fills it."""
    folder = REPOSITORY / Settings().models_path
    prepare_encoder(folder, lambda _line: None)
    prepare_generator(folder, lambda _line: None)
    return folder
