"""Compound files made by hand: one sector of allocation table, all streams at the top level."""

import struct

END, FREE = 0xFFFFFFFE, 0xFFFFFFFF
SECTOR = 512


def entry(name, kind, *, right=FREE, child=FREE, sector=END, size=0):
    raw = name.encode("utf-16-le") + b"\0\0"
    return struct.pack(
        "<64sHBBIII36xIII",
        raw,
        len(raw) if name else 0,
        kind,
        1,
        FREE,
        right,
        child,
        sector,
        size,
        0,
    )


def compound_file(**streams):
    """Return a file with these streams, padded to 4,096 bytes each: none is a small one."""
    chains, data, sector = [], b"", 0
    entries = [entry("Root Entry", 5, child=1 if streams else FREE)]
    for number, (name, content) in enumerate(streams.items(), 1):
        padded = content.ljust(max(4096, -(-len(content) // SECTOR) * SECTOR), b"\0")
        right = number + 1 if number < len(streams) else FREE
        entries.append(
            entry(name.replace("_", " "), 2, right=right, sector=sector, size=len(padded))
        )
        count = len(padded) // SECTOR
        chains += [*range(sector + 1, sector + count), END]
        sector += count
        data += padded
    directory = b"".join(entries)
    directory += b"\0" * (-len(directory) % SECTOR)
    count = len(directory) // SECTOR
    chains += [*range(sector + 1, sector + count), END, 0xFFFFFFFD]
    table = sector + count
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    header += struct.pack("<HHHHH6xII", 0x3E, 3, 0xFFFE, 9, 6, 0, 1)
    header += struct.pack("<IIIIIII", sector, 0, 4096, END, 0, END, 0)
    header += struct.pack("<109I", table, *[FREE] * 108)
    allocation = struct.pack("<128I", *chains, *[FREE] * (128 - len(chains)))
    return header + data + directory + allocation


def workbook(**sheets):
    """Return an XLS whose sheets hold rows of texts and numbers (BIFF8)."""
    bodies = [_sheet(rows) for rows in sheets.values()]
    start = _record(0x0809, struct.pack("<HHHHII", 0x0600, 5, 0, 0, 0, 0))
    listed = [len(name) + 8 + 4 for name in sheets]
    offset = len(start) + sum(listed) + 4
    bounds = b""
    for name, body in zip(sheets, bodies, strict=True):
        hidden = name.startswith("hidden")
        bounds += _record(
            0x0085, struct.pack("<IBBBB", offset, hidden, 0, len(name), 0) + name.encode()
        )
        offset += len(body)
    return compound_file(Workbook=start + bounds + _record(0x000A, b"") + b"".join(bodies))


def _sheet(rows):
    cells = b""
    for row, values in enumerate(rows):
        for column, value in enumerate(values):
            at = struct.pack("<HHH", row, column, 0)
            if isinstance(value, str):
                text = struct.pack("<HB", len(value), 1) + value.encode("utf-16-le")
                cells += _record(0x0204, at + text)
            else:
                cells += _record(0x0203, at + struct.pack("<d", value))
    start = _record(0x0809, struct.pack("<HHHHII", 0x0600, 0x10, 0, 0, 0, 0))
    return start + cells + _record(0x000A, b"")


def _record(kind, data):
    return struct.pack("<HH", kind, len(data)) + data
