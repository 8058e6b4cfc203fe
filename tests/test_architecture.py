"""The rules of the house that import-linter and ruff cannot express."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = ["app", "evaluation", "generation", "ingestion", "models", "retrieval", "training"]
MODULES = sorted(
    path.relative_to(ROOT).as_posix() for name in PACKAGES for path in (ROOT / name).rglob("*.py")
)
TESTS = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "tests").rglob("*.py"))
PAGE = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "app/web").glob("*.js"))
MAX_LINES = 400
MAX_TEST_LINES = 600
MAX_FUNCTION_LINES = 60

# The environment is read by pydantic-settings, and handed on whole to the worker processes; what
# PyTorch's libraries read there is set before they are loaded.
ENVIRONMENT_MODULES = {"app/build_models.py", "app/settings.py", "app/worker_process.py"}
CATALOG_MODULES = {
    "ingestion/store/audit.py",
    "ingestion/store/catalog.py",
    "ingestion/store/change_log.py",
    "ingestion/store/compliance_check.py",
    "ingestion/store/consistency.py",
    "ingestion/store/database.py",
    "ingestion/store/documents.py",
    "ingestion/store/duplicates.py",
    "ingestion/store/embeddings.py",
    "ingestion/store/index_state.py",
    "ingestion/store/intake.py",
    "ingestion/store/jobs.py",
    "ingestion/store/migrations.py",
    "ingestion/store/policies.py",
    "ingestion/store/quotas.py",
    "ingestion/store/rule_sets.py",
    "ingestion/store/schema.py",
    "ingestion/store/scripts.py",
    "ingestion/store/sessions.py",
    "ingestion/store/sqlite_file.py",
    "ingestion/store/synonyms.py",
}
# Pieces of one capability that only make sense together: tested where the capability is.
TESTED_THROUGH: dict[str, str] = {
    "app/answer_feed.py": "tests/app/routes/test_ask.py",
    "app/audit_schemas.py": "tests/app/routes/test_audit.py",
    "app/citation_check.py": "tests/app/routes/test_verify.py",
    "app/dependencies.py": "tests/app/routes/test_documents.py",
    "app/event_stream.py": "tests/app/routes/test_ask.py",
    "app/job_watch.py": "tests/app/routes/test_ingest.py",
    "app/openai_schemas.py": "tests/app/routes/test_openai.py",
    "app/request_metrics.py": "tests/app/routes/test_metrics.py",
    "app/uploads.py": "tests/app/routes/test_ingest.py",
    "evaluation/figures.py": "tests/evaluation/test_measure.py",
    "ingestion/conversion_child.py": "tests/ingestion/test_conversion.py",
    "generation/audit.py": "tests/app/test_audited_answers.py",
    "ingestion/store/audit_chain.py": "tests/ingestion/store/test_audit.py",
    "app/routes/policies.py": "tests/app/routes/test_scripts.py",
    "app/script_files.py": "tests/app/routes/test_scripts.py",
    "app/script_import.py": "tests/app/routes/test_scripts.py",
    "app/script_schemas.py": "tests/app/routes/test_scripts.py",
    "generation/policy.py": "tests/generation/test_policy_judge.py",
    "ingestion/store/metadata.py": "tests/ingestion/store/test_schema.py",
    "ingestion/store/change_log.py": "tests/ingestion/store/test_catalog.py",
    "ingestion/store/database.py": "tests/ingestion/store/test_catalog.py",
    "ingestion/store/duplicates.py": "tests/ingestion/store/test_catalog.py",
    "ingestion/store/documents.py": "tests/ingestion/store/test_catalog.py",
    "ingestion/store/document_check.py": "tests/ingestion/store/test_consistency.py",
    "ingestion/store/index_state.py": "tests/ingestion/store/test_catalog.py",
    "ingestion/parser_child.py": "tests/ingestion/test_isolated.py",
    "ingestion/parsers/docx_looks.py": "tests/ingestion/parsers/test_docx.py",
    "ingestion/parsers/docx_numbering.py": "tests/ingestion/parsers/test_docx.py",
    "ingestion/parsers/html_styles.py": "tests/ingestion/parsers/test_html.py",
    "ingestion/parsers/html_visibility.py": "tests/ingestion/parsers/test_html.py",
    "ingestion/parsers/page_warnings.py": "tests/ingestion/parsers/pdf/test_document.py",
    "ingestion/parsers/html_depth.py": "tests/ingestion/parsers/test_html.py",
    "ingestion/parsers/mail_headers.py": "tests/ingestion/parsers/test_email_message.py",
    "ingestion/parsers/odt_styles.py": "tests/ingestion/parsers/test_odt.py",
    "ingestion/parsers/pdf/fragments.py": "tests/ingestion/parsers/pdf/test_document.py",
    "ingestion/parsers/pdf/furniture.py": "tests/ingestion/parsers/pdf/test_document.py",
    "ingestion/parsers/pdf/grids.py": "tests/ingestion/parsers/pdf/test_tables.py",
    "ingestion/parsers/pdf/headings.py": "tests/ingestion/parsers/pdf/test_document.py",
    "ingestion/parsers/pdf/layout.py": "tests/ingestion/parsers/pdf/test_document.py",
    "ingestion/parsers/pdf/metadata.py": "tests/ingestion/parsers/pdf/test_document.py",
    "ingestion/parsers/pdf/outline.py": "tests/ingestion/parsers/pdf/test_document.py",
    "ingestion/parsers/pdf/paragraphs.py": "tests/ingestion/parsers/pdf/test_document.py",
    "ingestion/parsers/pdf/raster.py": "tests/ingestion/parsers/pdf/test_tables.py",
    "ingestion/parsers/pdf/rulings.py": "tests/ingestion/parsers/pdf/test_tables.py",
    "ingestion/parsers/pdf/scans.py": "tests/ingestion/parsers/test_scan_pages.py",
    "ingestion/parsers/pdf/scene.py": "tests/ingestion/parsers/pdf/test_visibility.py",
    "ingestion/parsers/pdf/pdfium_calls.py": "tests/ingestion/parsers/pdf/test_document.py",
    "ingestion/parsers/pptx_graphics.py": "tests/ingestion/parsers/test_pptx.py",
    "ingestion/parsers/pptx_layout.py": "tests/ingestion/parsers/test_pptx.py",
    "ingestion/parsers/pptx_text.py": "tests/ingestion/parsers/test_pptx.py",
    "ingestion/parsers/rtf_groups.py": "tests/ingestion/parsers/test_rtf.py",
    "ingestion/parsers/xlsx_cells.py": "tests/ingestion/parsers/test_xlsx.py",
    "ingestion/parsers/xlsx_scan.py": "tests/ingestion/parsers/test_xlsx.py",
    "ingestion/store/sessions.py": "tests/ingestion/store/test_catalog.py",
    "ingestion/store/vector_blobs.py": "tests/ingestion/store/test_catalog.py",
    "ingestion/store/stored.py": "tests/ingestion/store/test_catalog.py",
    "retrieval/collection_index.py": "tests/retrieval/test_collections_index.py",
    "ingestion/store/sqlite_file.py": "tests/ingestion/store/test_backup.py",
}
SQL = re.compile(r"\b(SELECT\s.+\sFROM|INSERT INTO|DELETE FROM|CREATE TABLE|DROP TABLE|PRAGMA)\b")
EXTRAS_AT_RUN_TIME = ["bundled", "office", "ocr", "cluster", "train", "dev"]
ENTRIES = ["app.cli", "app.main", "app.bootstrap", "app.worker", "evaluation.commands"]
PATHS_OF_A_MACHINE = re.compile(
    r"/(?:home|root|work|Users)/\w|/opt/(?:wheels|pypi)|(?<![\w/])/tmp/|\bC:\\Users"
)
REGISTRIES = re.compile(
    r"(?i)pypi\.(?:org|io)|pythonhosted|npmjs|deb\.debian|huggingface\.co|docker\.io|ghcr\.io"
)
SUFFIXES = {".css", ".html", ".js", ".json", ".md", ".py", ".toml", ".txt", ".yml", ""}


def tree(module: str) -> ast.Module:
    return ast.parse((ROOT / module).read_text(encoding="utf-8"), module)


def lines(module: str) -> int:
    return len((ROOT / module).read_text(encoding="utf-8").splitlines())


def imported_roots(module: str) -> Iterator[str]:
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Import):
            yield from (name.name.split(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.split(".")[0]


def declared(*extras: str) -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = list(project["dependencies"])
    for extra in extras:
        wanted += project["optional-dependencies"][extra]
    return {normal(re.split(r"[\[=;]", requirement)[0]) for requirement in wanted}


def normal(distribution: str) -> str:
    return re.sub(r"[-_.]+", "-", distribution).lower()


def has_behaviour(module: str) -> bool:
    """Tell whether a module does more than name things: a function, or a method that is no dunder.

    Protocols are names too.
    """
    for node in tree(module).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            return True
        if isinstance(node, ast.ClassDef) and "Protocol" not in ast.unparse(node.bases or [node]):
            methods = [item.name for item in node.body if isinstance(item, ast.FunctionDef)]
            if any(not name.startswith("__") for name in methods):
                return True
    return False


def mirror(module: str) -> str:
    path = Path("tests", module)
    return path.with_name(f"test_{path.name}").as_posix()


def project_files() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout.decode()
    paths = [ROOT / name for name in listed.split("\0") if name]
    return [path for path in paths if path.is_file() and path.suffix in SUFFIXES]


def test_file_lengths_are_within_limit() -> None:
    limits = [(name, MAX_LINES) for name in [*MODULES, *PAGE]]
    limits += [(name, MAX_TEST_LINES) for name in TESTS]
    assert [(name, lines(name)) for name, limit in limits if lines(name) > limit] == []


def test_function_lengths_are_within_limit() -> None:
    sizes = [
        (f"{module}: {node.name}", (node.end_lineno or 0) - node.lineno + 1)
        for module in MODULES
        for node in ast.walk(tree(module))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    assert [(name, size) for name, size in sizes if size > MAX_FUNCTION_LINES] == []


def test_package_init_files_are_empty() -> None:
    written = [name for name in MODULES if name.endswith("__init__.py") and lines(name)]
    assert written == []


def test_package_folders_all_have_an_init_file() -> None:
    folders = {Path(module).parent for module in MODULES}
    assert [str(f) for f in sorted(folders) if not (ROOT / f / "__init__.py").exists()] == []


def test_environment_is_read_by_settings_only() -> None:
    readers = {
        module
        for module in MODULES
        for node in ast.walk(tree(module))
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv", "environb"}
    }
    assert readers - ENVIRONMENT_MODULES == set()


def test_sql_is_written_in_the_catalog_only() -> None:
    writers = {
        module
        for module in MODULES
        for node in ast.walk(tree(module))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and SQL.search(node.value)
    }
    assert writers - CATALOG_MODULES == set()


def test_modules_have_names_that_say_what_they_do() -> None:
    vague = {"base", "common", "helper", "helpers", "manager", "misc", "util", "utils"}
    assert [name for name in [*MODULES, *TESTS] if Path(name).stem in vague] == []


def test_modules_with_behaviour_all_have_a_test_file() -> None:
    untested = [
        module
        for module in MODULES
        if mirror(module) not in TESTS and module not in TESTED_THROUGH and has_behaviour(module)
    ]
    assert untested == []


def test_modules_tested_through_another_name_one_that_exists() -> None:
    assert set(TESTED_THROUGH) <= set(MODULES)
    assert set(TESTED_THROUGH.values()) <= set(TESTS)


def test_test_files_mirror_modules() -> None:
    known = {mirror(name) for name in MODULES}
    own_ground = re.compile(
        r"tests/(test_\w+|app/test_gate_(?:proof|faults|database)|app/web/\w+)\.py"
    )
    stray = [
        name
        for name in TESTS
        if Path(name).stem.startswith("test_")
        and name not in known
        and not own_ground.fullmatch(name)
    ]
    assert stray == []


def test_imported_packages_are_declared() -> None:
    known = declared(*EXTRAS_AT_RUN_TIME)
    homes = packages_distributions()
    undeclared = {
        f"{module}: {root}"
        for module in [*MODULES, *TESTS]
        for root in imported_roots(module)
        if root not in sys.stdlib_module_names and root not in [*PACKAGES, "tests"]
        if known.isdisjoint(normal(home) for home in homes.get(root, []))
    }
    assert undeclared == set()


def test_entry_modules_without_any_extra_import() -> None:
    base = declared()
    hidden = sorted(
        root
        for root, homes in packages_distributions().items()
        if {normal(home) for home in homes} & (declared(*EXTRAS_AT_RUN_TIME) - base)
        and not {normal(home) for home in homes} & base
    )
    program = f"import sys\nfor n in {hidden!r}: sys.modules[n] = None\nimport {', '.join(ENTRIES)}"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_files_name_no_path_of_a_machine_and_no_registry() -> None:
    found = []
    for path in project_files():
        if path in {Path(__file__), ROOT / "LICENSE", ROOT / "constraints.txt"}:
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        for pattern in (PATHS_OF_A_MACHINE, REGISTRIES):
            found += [f"{path.relative_to(ROOT)}: {match}" for match in pattern.findall(text)]
    assert found == []
