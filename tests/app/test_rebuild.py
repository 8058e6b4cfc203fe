import io
import json
from pathlib import Path

from rich.console import Console

from app.rebuild import rebuild_indexes
from ingestion.store.catalog import Catalog
from retrieval.manifest import IndexIdentity
from retrieval.snapshot_check import check_snapshots
from retrieval.snapshots import Snapshots
from tests.ingestion.catalog_samples import ingested_document


def test_rebuild_indexes_prints_progress_and_manifests_twice_the_same(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path / "catalog.sqlite3")
    document = ingested_document("年假十天。", "病假要证明。")
    catalog.put_documents("hr", [("a.txt", b"a", document), ("b.txt", b"b", document)])
    dimension = len(document.summary.vector)
    snapshots = Snapshots(catalog.index_files, IndexIdentity("tiny", dimension, "i1"))
    shown = io.StringIO()
    texts = [
        list(rebuild_indexes(catalog, snapshots, ["hr"], Console(file=shown))) for _ in range(2)
    ]
    assert texts[0] == texts[1]
    told = json.loads(texts[0][0])
    assert (told["collection"], told["documents"], told["sequence"]) == ("hr", 2, 2)
    assert "hr: 2/2 changes" in shown.getvalue()
    [report] = check_snapshots(catalog, catalog.index_files)
    assert (report.collection, report.problem) == ("hr", None)
    catalog.close()
