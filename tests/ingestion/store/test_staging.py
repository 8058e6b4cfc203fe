import subprocess
import sys
from pathlib import Path

from ingestion.store.staging import Staging, abandoned, sweep_abandoned
from tests.ingestion.catalog_samples import ROOT

DYING = """
import os, signal, sys
from pathlib import Path
from ingestion.store.staging import Staging
(Staging(Path(sys.argv[1])).folder() / "half").write_bytes(b"half")
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_folder_of_a_living_owner_is_kept(tmp_path: Path) -> None:
    staging = Staging(tmp_path / "staging")
    (staging.folder() / "half").write_bytes(b"half")
    assert abandoned(tmp_path / "staging") == []
    assert sweep_abandoned(tmp_path / "staging") == 0
    assert (staging.folder() / "half").exists()
    staging.close()
    assert list((tmp_path / "staging").iterdir()) == []
    staging.close()


def test_folder_of_a_killed_process_is_swept_at_once(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", DYING, str(tmp_path)], cwd=ROOT, check=False)
    assert done.returncode == -9
    (folder,) = abandoned(tmp_path)
    assert sweep_abandoned(tmp_path) == 1
    assert not folder.exists()


def test_sweep_without_a_folder_does_nothing(tmp_path: Path) -> None:
    assert sweep_abandoned(tmp_path / "none") == 0
