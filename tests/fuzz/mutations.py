"""Changes that make a hostile file of a good one, each the same for the same random numbers."""

import io
import re
import warnings
import zipfile
from collections.abc import Sequence
from random import Random

LARGEST = 1 << 20
"""Bytes of a mutated file: what is slow or large then is the parser's fault."""
_NUMBERS = [b"0", b"-1", b"1", b"9", b"65535", b"65536", b"2147483647", b"2147483648"]
_NUMBERS += [b"4294967295", b"99999999999999999999", b"1e999", b"nan", b"0.0000001", b"-2147483648"]
_BYTES = [
    b"\x00",
    b"\xff",
    b"\xfe\xff",
    b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80",
    b"\x1a",
    b"\r",
    b"\n\n",
]
_BYTES += [b"<", b">", b"&", b'"', b"'", b"]]>", b"<!--", b"-->", b"<![CDATA[", b"<!DOCTYPE x>"]
_BYTES += [b"%", b"\\", b"(", b")", b"[", b"]", b"<<", b">>", b"{", b"}", b"|", b"`" * 3, b"---\n"]
_BYTES += ["\u202e".encode(), "\ud800".encode("utf-16-le", "surrogatepass"), "\U0010ffff".encode()]
_VALUES = [
    *_NUMBERS,
    b"",
    b" ",
    b"A" * 300,
    b"../../../../x",
    b"true",
    b"#REF!",
    b"%9",
    "第".encode(),
]
_NUMBER = re.compile(rb"-?\d+(?:\.\d+)?")
_TAG = re.compile(rb"<(/?)([A-Za-z_][\w:.-]*)([^<>]*)>")
_VALUE = re.compile(rb'="([^"]*)"')
# What the parsers look into; a presentation has fifty parts that they do not.
_READ = re.compile(
    r"content|document\.xml|slides/|notesSlide|charts/|sheet|shared|styles\.xml|numbering"
    r"|\.opf|html|_rels/\.rels|document\.xml\.rels|workbook|presentation\.xml|container|core"
)
_NAME = re.compile(rb"/[A-Za-z][A-Za-z0-9]*")


def mutated(seed: bytes, others: Sequence[bytes], random: Random) -> bytes:
    """Return a changed copy of a file of at most LARGEST bytes. others: files to borrow from."""
    content = seed
    for _ in range(random.choice((1, 1, 1, 2, 3, 6))):
        inside = content.startswith(b"PK\x03\x04") and random.random() < 0.85
        changed = _changed_package(content, random) if inside else None
        content = _changed(content, others, random) if changed is None else changed
    return content[:LARGEST]


def _changed(content: bytes, others: Sequence[bytes], random: Random) -> bytes:
    kinds = [_flipped, _cut, _removed, _repeated, _inserted, _renumbered]
    if b"<" in content[:4096] and b">" in content[:4096]:
        kinds += [_retagged, _revalued, _nested, _moved] * 2
    if b"%PDF-" in content[:1024]:
        kinds += [_renumbered, _renamed] * 3
    if others and random.random() < 0.1:
        return _spliced(content, random.choice(others), random)
    return random.choice(kinds)(content, random)


def _changed_package(content: bytes, random: Random) -> bytes | None:
    """Return a package with one member changed, dropped, doubled or swapped; None if unreadable."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            parts = [(item.filename, package.read(item)) for item in package.infolist()]
    except Exception:  # noqa: BLE001 a package that an earlier change has broken
        return None
    if not parts or sum(len(data) for _, data in parts) > 16 * LARGEST:
        return None
    read = [at for at, (name, _) in enumerate(parts) if _READ.search(name)]
    at = (
        random.choice(read or range(len(parts)))
        if random.random() < 0.9
        else random.randrange(len(parts))
    )
    name, data = parts[at]
    fate = random.random()
    if fate < 0.05:
        del parts[at]
    elif fate < 0.08:
        parts.append((name, _changed(data, (), random)))
    elif fate < 0.12:
        parts[at] = (name, random.choice(parts)[1])
    else:
        parts[at] = (name, _changed(data, [part for _, part in parts], random) if data else b"x")
    return _packed(parts)


def _packed(parts: Sequence[tuple[str, bytes]]) -> bytes:
    buffer = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as package:
        warnings.simplefilter("ignore")  # of names that are there twice
        for part, inside in parts:
            info = zipfile.ZipInfo(part)
            info.compress_type = zipfile.ZIP_DEFLATED
            package.writestr(info, inside[: 4 * LARGEST])
    return buffer.getvalue()


def _span(content: bytes, random: Random, longest: int = 4096) -> tuple[int, int]:
    start = random.randrange(len(content) + 1)
    size = min(int(2 ** random.uniform(0, 12)), longest)
    return start, min(len(content), start + size)


def _flipped(content: bytes, random: Random) -> bytes:
    changed = bytearray(content)
    for _ in range(random.choice((1, 2, 8, 64))):
        if changed:
            at = random.randrange(len(changed))
            changed[at] = random.choice(
                (changed[at] ^ 1 << random.randrange(8), random.randrange(256))
            )
    return bytes(changed)


def _cut(content: bytes, random: Random) -> bytes:
    at = random.randrange(len(content) + 1)
    return content[:at] if random.random() < 0.8 else content[at:]


def _removed(content: bytes, random: Random) -> bytes:
    start, end = _span(content, random)
    return content[:start] + content[end:]


def _repeated(content: bytes, random: Random) -> bytes:
    start, end = _span(content, random)
    return content[:end] + content[start:end] * random.choice((1, 2, 50, 500)) + content[end:]


def _inserted(content: bytes, random: Random) -> bytes:
    at = random.randrange(len(content) + 1)
    piece = random.choice((*_BYTES, *_NUMBERS)) * random.choice((1, 1, 1, 3, 1000))
    return content[:at] + piece + content[at:]


def _spliced(content: bytes, other: bytes, random: Random) -> bytes:
    start, end = _span(other, random, 1 << 16)
    at = random.randrange(len(content) + 1)
    kept = content[at:] if random.random() < 0.5 else content[min(len(content), at + end - start) :]
    return content[:at] + other[start:end] + kept


def _renumbered(content: bytes, random: Random) -> bytes:
    return _replaced(_NUMBER, 0, content, random.choice(_NUMBERS), random)


def _renamed(content: bytes, random: Random) -> bytes:
    names = _NAME.findall(content[: 1 << 16])
    return _replaced(_NAME, 0, content, random.choice(names), random) if names else content


def _revalued(content: bytes, random: Random) -> bytes:
    return _replaced(_VALUE, 1, content, random.choice(_VALUES), random)


def _retagged(content: bytes, random: Random) -> bytes:
    tags = [match[2] for match in _TAG.finditer(content[: 1 << 16])]
    return _replaced(_TAG, 2, content, random.choice(tags), random) if tags else content


def _nested(content: bytes, random: Random) -> bytes:
    """Repeat an opening tag, so that what follows lies deep."""
    tag = _chosen(_TAG, content, random)
    if tag is None or tag[1]:
        return content
    times = random.choice((2, 20, 300, 5000))
    return content[: tag.end()] + tag[0] * times + content[tag.end() :]


def _moved(content: bytes, random: Random) -> bytes:
    """Put a piece between two tags somewhere else."""
    first, other = _chosen(_TAG, content, random), _chosen(_TAG, content, random)
    if first is None or other is None:
        return content
    start = first.start()
    end = min(len(content), start + int(2 ** random.uniform(3, 12)))
    end = content.find(b">", end) + 1 or end
    return content[: other.end()] + content[start:end] + content[other.end() :]


def _replaced(
    pattern: re.Pattern[bytes], group: int, content: bytes, new: bytes, random: Random
) -> bytes:
    match = _chosen(pattern, content, random)
    if match is None:
        return content
    return content[: match.start(group)] + new + content[match.end(group) :]


def _chosen(pattern: re.Pattern[bytes], content: bytes, random: Random) -> re.Match[bytes] | None:
    """Return a match near a random place."""
    at = random.randrange(len(content) + 1)
    return pattern.search(content, at) or pattern.search(content)
