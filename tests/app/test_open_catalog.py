from pathlib import Path

import pytest

from app.bootstrap import build_service, build_snapshots, build_worker
from app.build_models import build_encoder
from app.open_catalog import (
    catalog_path,
    name_of_encoder,
    open_catalog,
    open_own_catalog,
    own_encoders,
    refuse_other_encoders,
)
from app.settings import Settings
from ingestion.errors import DataInUse, OtherEncoder
from ingestion.store.catalog import Catalog
from tests.ingestion.catalog_samples import add

PLAIN = "multilingual-e5-small-1"


def stored_by(folder: Path, encoder: str) -> None:
    catalog = Catalog(folder / "catalog.sqlite3", encoder=encoder)
    add(catalog)
    catalog.close()


@pytest.mark.parametrize("encoder", ["bundled", "bundled-plain"])
def test_name_of_encoder_is_that_of_the_loaded_one_and_of_its_snapshots(
    encoder: str, models_dir: Path, tmp_path: Path
) -> None:
    settings = Settings(data_dir=tmp_path, models_dir=models_dir, encoder=encoder)
    loaded = build_encoder(settings)
    catalog = open_catalog(settings)
    assert name_of_encoder(settings) == loaded.name == catalog.embeddings.encoder
    assert build_snapshots(catalog, loaded).identity.encoder == loaded.name
    assert (loaded.name == PLAIN) == (encoder == "bundled-plain")
    catalog.close()


def test_name_of_encoder_of_a_folder_is_that_of_the_loaded_one(
    models_dir: Path, tmp_path: Path
) -> None:
    (tmp_path / "own").symlink_to(models_dir / PLAIN)
    settings = Settings(data_dir=tmp_path, encoder=f"{tmp_path / 'own'}/")
    assert name_of_encoder(settings) == build_encoder(settings).name == "own"


def test_own_encoders_take_the_unknown_unless_it_was_trained() -> None:
    assert own_encoders(Settings(encoder="bundled-plain")) == {PLAIN, ""}
    assert own_encoders(Settings(encoder="BAAI/bge-m3")) == {"bge-m3", ""}
    (name,) = own_encoders(Settings(encoder="bundled"))
    assert name.startswith(f"{PLAIN}+")


@pytest.mark.parametrize(
    ("stored", "encoder", "refused"),
    [
        ("", "bundled", True),
        ("", "bundled-plain", False),
        ("", "BAAI/bge-m3", False),
        (PLAIN, "bundled", True),
        (PLAIN, "bundled-plain", False),
        (f"{PLAIN}+00000000", "bundled", True),
        (f"{PLAIN}+00000000", "bundled-plain", True),
        ("bge-m3", "BAAI/bge-m3", False),
    ],
)
def test_start_on_documents_of_an_encoder(
    tmp_path: Path, stored: str, encoder: str, refused: bool
) -> None:
    stored_by(tmp_path, stored)
    settings = Settings(data_dir=tmp_path, models_dir=tmp_path / "none", encoder=encoder)
    if not refused:
        refuse_other_encoders(settings)
        open_own_catalog(settings).close()
        return
    # Refused before any model is prepared or loaded.
    for start in (refuse_other_encoders, open_own_catalog, build_service, build_worker):
        with pytest.raises(OtherEncoder):
            start(settings)
    assert not settings.models_path.exists()
    open_catalog(settings, alone=True).close()  # nothing was left open


def test_refuse_other_encoders_makes_no_catalog(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "none")
    refuse_other_encoders(settings)
    assert not catalog_path(settings).parent.exists()


def test_open_catalog_alone_is_refused_while_it_is_open(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    catalog = open_catalog(settings)
    with pytest.raises(DataInUse):
        open_catalog(settings, alone=True)
    catalog.close()
