"""The catalog of a data directory, opened with the name of the encoder that the settings want."""

from pathlib import Path

from app.settings import Settings
from ingestion.errors import CatalogError
from ingestion.store.catalog import Catalog
from ingestion.store.embeddings import UNKNOWN
from ingestion.store.quotas import Quota
from models.bundled import ENCODER_FOLDER, embedder_path
from models.encoder_name import encoder_name

CATALOG_FILE = "catalog.sqlite3"


def open_catalog(settings: Settings, *, alone: bool = False) -> Catalog:
    """Open the catalog of the settings' data directory, and make it on the first call.

    alone: so that no other process can have it open. Raises DataInUse then, and as `Catalog`.
    """
    return Catalog(
        catalog_path(settings),
        encoder=name_of_encoder(settings),
        owns_unknown=UNKNOWN in own_encoders(settings),
        quota=Quota(settings.collection_documents, settings.collection_bytes),
        alone=alone,
    )


def open_own_catalog(settings: Settings) -> Catalog:
    """Open the catalog to search or store with the settings' encoder. Raises OtherEncoder."""
    catalog = open_catalog(settings)
    try:
        catalog.embeddings.refuse_others()
    except CatalogError:
        catalog.close()
        raise
    return catalog


def refuse_other_encoders(settings: Settings) -> None:
    """Pass unless another encoder embedded what is stored. Raises OtherEncoder; loads no model."""
    if catalog_path(settings).exists():
        open_own_catalog(settings).close()


def catalog_path(settings: Settings) -> Path:
    """Return where the catalog's database is, or will be."""
    return settings.data_dir / CATALOG_FILE


def name_of_encoder(settings: Settings) -> str:
    """Return the name that the settings' encoder has once it is loaded."""
    if not settings.has_bundled_trunk:
        return encoder_name(settings.encoder)
    return encoder_name(ENCODER_FOLDER, embedder_path() if settings.encoder == "bundled" else None)


def own_encoders(settings: Settings) -> frozenset[str]:
    """Return the names of encoders whose documents count as embedded by the settings' one.

    Where none was noted, nothing had been trained on the bundled encoder yet.
    """
    name = name_of_encoder(settings)
    return frozenset({name} if settings.encoder == "bundled" else {name, UNKNOWN})
