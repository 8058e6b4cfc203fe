"""Old Office files, turned into current ones by LibreOffice where it is installed.

LibreOffice gets a profile and a folder of its own for each file. Macros never run, links are never
followed, and the system refuses it every connection (see `ingestion.conversion_child`).
"""

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from ingestion import conversion_child, media
from ingestion.errors import BrokenDocument, ParserFailed, UnsupportedMedia

LARGEST_RESULT = 256 << 20
"""Bytes of the converted file."""
SECONDS = 150.0
"""Longest time for one file."""
MEMORY_BYTES = 2 << 30
"""Address space of LibreOffice; less where the caller itself has less."""

_PREFIX = "youju-office-"
_FORGOTTEN_SECONDS = 3600.0
_GRACE_SECONDS = 10.0
# The old kind's suffix, the new one's, the export filter, the part of LibreOffice that has both.
_KINDS = {
    media.DOC: ("doc", "docx", "MS Word 2007 XML", "writer"),
    media.PPT: ("ppt", "pptx", "Impress MS PowerPoint 2007 XML", "impress"),
}
_REGISTRY = "/org.openoffice."
# Links: Writer's 2 is "never", Calc's 1. The proxy is a port on which nothing answers.
_PROFILE = (
    ("Office.Common/Security/Scripting", "DisableMacrosExecution", "true"),
    ("Office.Common/Security/Scripting", "MacroSecurityLevel", "3"),
    ("Office.Common/Security/Scripting", "BlockUntrustedRefererLinks", "true"),
    ("Office.Writer/Content/Update", "Link", "2"),
    ("Office.Writer/Content/Update", "Field", "false"),
    ("Office.Writer/Content/Update", "Chart", "false"),
    ("Office.Calc/Content/Update", "Link", "1"),
    ("Office.Recovery/RecoveryInfo", "Enabled", "false"),
    ("Inet/Settings", "ooInetProxyType", "2"),
    ("Inet/Settings", "ooInetHTTPProxyName", "127.0.0.1"),
    ("Inet/Settings", "ooInetHTTPProxyPort", "9"),
    ("Inet/Settings", "ooInetHTTPSProxyName", "127.0.0.1"),
    ("Inet/Settings", "ooInetHTTPSProxyPort", "9"),
)


def find_libreoffice() -> str | None:
    """Return the path of LibreOffice's program, None where it is not on the PATH."""
    return shutil.which("soffice") or shutil.which("libreoffice")


def missing_libreoffice(media_type: str) -> UnsupportedMedia:
    """Return the error that says what to install for this kind of file."""
    _, modern, _, component = _KINDS[media_type]
    return UnsupportedMedia(
        media_type,
        "Install LibreOffice on the server "
        f"(on Debian: apt install libreoffice-{component}-nogui), or save the file as "
        f"{modern.upper()} or PDF.",
    )


def convert(
    content: bytes, media_type: str, *, program: str | None = None, seconds: float = SECONDS
) -> bytes:
    """Return an old Office file's content in the current format.

    media_type: DOC or PPT. program: LibreOffice's; None: the one on the PATH. Raises
    UnsupportedMedia where there is none or it cannot be cut off from the network, BrokenDocument
    where it makes nothing of the file, ParserFailed where it takes more than `seconds`.
    """
    program = program or find_libreoffice()
    if program is None:
        raise missing_libreoffice(media_type)
    old, modern, export, component = _KINDS[media_type]
    _remove_forgotten()
    with tempfile.TemporaryDirectory(prefix=_PREFIX, ignore_cleanup_errors=True) as folder:
        source = Path(folder, f"source.{old}")
        source.write_bytes(content)
        target = Path(folder, "result", f"source.{modern}")
        status = _run(_command(program, folder, f"{modern}:{export}", source, target), seconds)
        if status == conversion_child.EXIT_TIME_OVER:
            raise ParserFailed(
                "deadline_exceeded",
                f"LibreOffice took more than {seconds:g} seconds and was stopped. "
                f"Save the file as {modern.upper()} or PDF, and upload it again.",
            )
        if status == conversion_child.EXIT_NOT_CUT_OFF:
            raise UnsupportedMedia(
                media_type,
                "LibreOffice cannot be cut off from the network on this system. "
                f"Save the file as {modern.upper()} or PDF.",
            )
        if not target.is_file() or not 0 < target.stat().st_size <= LARGEST_RESULT:
            raise BrokenDocument(
                media_type,
                f"LibreOffice {component.capitalize()} made nothing of it (status {status})",
            )
        return target.read_bytes()


def _command(program: str, folder: str, export: str, source: Path, target: Path) -> list[str]:
    """Return LibreOffice's command line, after writing its profile."""
    profile = Path(folder, "profile")
    Path(profile, "user").mkdir(parents=True)
    items = "".join(
        f'<item oor:path="{_REGISTRY}{path}"><prop oor:name="{name}" oor:op="fuse">'
        f"<value>{value}</value></prop></item>"
        for path, name, value in _PROFILE
    )
    Path(profile, "user", "registrymodifications.xcu").write_text(
        '<?xml version="1.0" encoding="UTF-8"?><oor:items '
        'xmlns:oor="http://openoffice.org/2001/registry" '
        'xmlns:xs="http://www.w3.org/2001/XMLSchema" '
        f'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">{items}</oor:items>',
        encoding="utf-8",
    )
    # The program itself, where it can be found: what starts it elsewhere is one process more.
    itself = Path(program).resolve().with_name("soffice.bin")
    return [
        str(itself if itself.is_file() else program),
        f"-env:UserInstallation={profile.as_uri()}",
        *"--headless --norestore --nolockcheck --nodefault --nologo --nofirststartwizard".split(),
        "--convert-to",
        export,
        "--outdir",
        str(target.parent),
        str(source),
    ]


def _run(command: list[str], seconds: float) -> int:
    """Run the command in its own folder, watched by a process of its own; return its status."""
    folder = str(Path(command[-1]).parent)
    watch = [sys.executable, "-I", "-S", conversion_child.__file__]
    with subprocess.Popen(  # noqa: S603 the command is ours, no shell
        [*watch, str(seconds), str(MEMORY_BYTES), folder, *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        # Leaving closes the pipe, which ends the watching process, and waits for that.
        try:
            return process.wait(seconds + _GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            return conversion_child.EXIT_TIME_OVER


def _remove_forgotten() -> None:
    """Remove folders of conversions that were killed together with what watches them."""
    oldest = time.time() - _FORGOTTEN_SECONDS
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        try:
            if folder.lstat().st_mtime < oldest:
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            # Another process was faster.
            continue
