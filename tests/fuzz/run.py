"""Feed changed files to the parsers: `python -m tests.fuzz.run --seconds 600 --out FOLDER`.

A file may become a sound document or fail for a reason that its owner can act on. Anything else is
a finding: a bug, a crash, a hang, memory or seconds out of proportion. Findings are kept, made
small, once for each place where they arise.
"""

import argparse
import re
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from random import Random

from ingestion.errors import ParserFailed
from ingestion.isolated import IsolatedParser
from ingestion.records import ParseOptions
from tests.fuzz.mutations import mutated
from tests.fuzz.seeds import seeds, seeds_of

EXPECTED = frozenset(
    "broken_document no_text unsupported_media password_required wrong_password too_large "
    "missing_extra".split()
)
COMMAND = (sys.executable, "-m", "tests.fuzz.child")
SLOW_SECONDS = 4.0
MEMORY_BYTES = 1 << 30
_TRIES_TO_SHRINK = 300


@dataclass(frozen=True)
class Finding:
    """A file that a parser got wrong. signature: what is the same in files of the same fault."""

    signature: str
    message: str
    name: str
    content: bytes


def open_parser(seconds: float = 20.0) -> IsolatedParser:
    """Return a parser in a process with small limits."""
    return IsolatedParser(
        memory_bytes=MEMORY_BYTES, seconds=seconds, stall_seconds=seconds, command=COMMAND
    )


def verdict(parser: IsolatedParser, content: bytes, name: str) -> tuple[str, str]:
    """Return the signature of what is wrong and its message, '' and the outcome where all is well."""
    began = time.monotonic()
    outcome = "document"
    try:
        parser(content, name, ParseOptions(ocr=False), lambda _share: None)
    except ParserFailed as failed:
        if failed.code not in EXPECTED:
            place = str(failed).split(": ")[0] if failed.code == "internal_error" else ""
            where = place or (
                str(failed) if failed.code == "unsound_document" else Path(name).suffix
            )
            return f"{failed.code} {where}", str(failed)
        outcome = failed.code
    seconds = time.monotonic() - began
    if seconds > SLOW_SECONDS:
        return f"slow {Path(name).suffix}", f"{seconds:.1f} s"
    return "", outcome


def shrunk(parser: IsolatedParser, finding: Finding) -> bytes:
    """Return a smaller file with the same signature: pieces are cut out while it stays so."""
    content = finding.content
    piece, tries = max(1, len(content) // 2), 0
    while piece and tries < _TRIES_TO_SHRINK:
        at = 0
        while at < len(content) and tries < _TRIES_TO_SHRINK:
            shorter = content[:at] + content[at + piece :]
            tries += 1
            if verdict(parser, shorter, finding.name)[0] == finding.signature:
                content = shorter
            else:
                at += piece
        piece //= 2
    return content


def main() -> None:
    """Run for the given time and tell what was found."""
    arguments = argparse.ArgumentParser(prog="python -m tests.fuzz.run", description=__doc__)
    arguments.add_argument("--seconds", type=float, default=600)
    arguments.add_argument("--seeds", type=Path, help="a folder of more files to start from")
    arguments.add_argument("--largest", type=int, default=150_000, help="bytes of such a file")
    arguments.add_argument("--random", type=int, default=1)
    arguments.add_argument("--only", default="", help="names of seeds, a regular expression")
    arguments.add_argument("--out", type=Path, required=True)
    asked = arguments.parse_args()
    pool = seeds() | (seeds_of(asked.seeds, asked.largest) if asked.seeds else {})
    pool = {name: data for name, data in pool.items() if re.search(asked.only, name)}
    asked.out.mkdir(parents=True, exist_ok=True)
    _fuzz(pool, Random(asked.random), asked.seconds, asked.out)


def _fuzz(pool: dict[str, bytes], random: Random, seconds: float, out: Path) -> None:
    parser = open_parser()
    others = list(pool.values())
    found: dict[str, Finding] = {}
    outcomes: Counter[str] = Counter()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        name = random.choice(list(pool))
        content = mutated(pool[name], others, random)
        signature, message = verdict(parser, content, name)
        outcomes[signature or message] += 1
        if signature and signature not in found:
            found[signature] = Finding(signature, message, name, content)
            _keep(out, len(found), found[signature])
    for number, finding in enumerate(found.values(), start=1):
        if not finding.signature.startswith(("slow", "deadline", "out_of")):
            small = shrunk(parser, finding)
            _keep(out, number, Finding(finding.signature, finding.message, finding.name, small))
    parser.close()
    for outcome, count in outcomes.most_common():
        sys.stdout.write(f"{count:8d}  {outcome}\n")


def _keep(out: Path, number: int, finding: Finding) -> None:
    (out / f"{number:03d}-{finding.name}").write_bytes(finding.content)
    text = f"{finding.signature}\n{finding.message}\n{len(finding.content)} bytes\n"
    (out / f"{number:03d}.note").write_text(text, encoding="utf-8", errors="replace")


if __name__ == "__main__":
    main()
