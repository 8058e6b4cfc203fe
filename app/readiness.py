"""What of a running service works."""

from app.service import Readiness
from generation.ports import Generator
from ingestion.errors import CatalogUnavailable, OtherEncoder
from ingestion.store.catalog import Catalog
from retrieval.collections_index import CollectionsIndex


def readiness(
    catalog: Catalog, generator: Generator | None, indexes: CollectionsIndex
) -> Readiness:
    """Return whether catalog and generator answer now; models are loaded before anything is."""
    detail, catalog_up = "", True
    try:
        catalog.last_sequence()
        catalog.embeddings.refuse_others()
    except (CatalogUnavailable, OtherEncoder) as exc:
        detail, catalog_up = str(exc), False
    generator_up = generator is None or generator.is_up
    if generator is not None and not generator_up:
        detail = detail or f"{generator.name} does not answer; until it does, answers are extracts"
    return Readiness(
        models=True,
        catalog=catalog_up,
        generator="none" if generator is None else "ok" if generator_up else "down",
        indexed_sequence=indexes.sequence,
        detail=detail,
    )
