"""Runs LibreOffice for `ingestion.conversion` and outlives neither it nor its own time.

Started as a script: `python -I -S conversion_child.py SECONDS MEMORY FOLDER COMMAND...`. Its
standard input is a pipe that only the caller holds: when that closes, however the caller ended,
LibreOffice is killed and the folder removed. It imports nothing but the standard library.
"""

import ctypes
import os
import resource
import select
import shutil
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Sequence

EXIT_TIME_OVER = 124
EXIT_ABANDONED = 125
EXIT_NOT_CUT_OFF = 126

_START_AGAIN = 81  # LibreOffice's own code, after it has written a new profile
_MOST_STARTS = 4
_TICK_SECONDS = 0.05
_LARGEST_FILE = 512 << 20

_PR_SET_PDEATHSIG, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 1, 22, 38
_SECCOMP_MODE_FILTER = 2
_ALLOW, _DENY = 0x7FFF0000, 0x00050000 | 13  # EACCES
_AF_UNIX = 1
_X32 = 0x40000000
# Audit name of the machine, then the numbers of socket, connect and io_uring_setup.
_SYSTEM_CALLS = {
    "x86_64": (0xC000003E, 41, 42, 425),
    "aarch64": (0xC00000B7, 198, 203, 425),
}


def main(arguments: Sequence[str]) -> int:
    """Run the command and return its exit status, or one of this module's."""
    seconds, memory, folder, *command = arguments
    if not cut_off_network():
        return EXIT_NOT_CUT_OFF
    deadline = time.monotonic() + float(seconds)
    status = _START_AGAIN
    for _ in range(_MOST_STARTS):
        status = _run(command, deadline, int(memory), folder)
        if status != _START_AGAIN:
            break
    if status == EXIT_ABANDONED:
        shutil.rmtree(folder, ignore_errors=True)
    return status


def cut_off_network() -> bool:
    """Forbid this process and its children all connections; return whether that worked.

    By a system call filter (seccomp), which needs no privilege and works within containers:
    sockets are local ones only, and none can be connected. For good: it cannot be undone.
    """
    known = _SYSTEM_CALLS.get(os.uname().machine)
    if known is None:
        return False
    machine, socket, connect, io_uring = known
    load, equal, at_least, answer = 0x20, 0x15, 0x35, 0x06
    # (operation, steps to skip if true, if false, operand)
    program = (
        (load, 0, 0, 4),
        (equal, 0, 8, machine),
        (load, 0, 0, 0),
        (at_least, 6, 0, _X32),
        (equal, 5, 0, connect),
        (equal, 4, 0, io_uring),
        (equal, 0, 2, socket),
        (load, 0, 0, 16),
        (equal, 0, 1, _AF_UNIX),
        (answer, 0, 0, _ALLOW),
        (answer, 0, 0, _DENY),
    )
    code = b"".join(struct.pack("=HBBI", *step) for step in program)
    buffer = ctypes.create_string_buffer(code, len(code))
    filters = struct.pack("HL", len(program), ctypes.addressof(buffer))
    return _prctl(_PR_SET_NO_NEW_PRIVS, 1) and _prctl(
        _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.create_string_buffer(filters, len(filters))
    )


def _prctl(option: int, *values: object) -> bool:
    library = ctypes.CDLL(None, use_errno=True)
    padded = [*values, *(0 for _ in range(4 - len(values)))]
    words = [ctypes.c_ulong(value) if isinstance(value, int) else value for value in padded]
    return bool(library.prctl(option, *words) == 0)


def _run(command: Sequence[str], deadline: float, memory: int, folder: str) -> int:
    parent = os.getpid()

    def limit() -> None:
        # Dies with this process, whatever ends it; a parent that is gone already sends nothing.
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(EXIT_ABANDONED)
        seconds = max(1, int(deadline - time.monotonic()) + 1)
        for what, most in (
            (resource.RLIMIT_AS, memory),
            (resource.RLIMIT_CPU, seconds),
            (resource.RLIMIT_FSIZE, _LARGEST_FILE),
            (resource.RLIMIT_CORE, 0),
        ):
            hard = resource.getrlimit(what)[1]
            bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.setrlimit(what, (bound, bound))

    with subprocess.Popen(  # noqa: S603 the command is the caller's, no shell
        command,
        cwd=folder,
        env={
            "HOME": folder,
            "TMPDIR": folder,
            "PATH": os.defpath,
            "LANG": "C.UTF-8",
            "MALLOC_ARENA_MAX": "2",
            "SAL_USE_VCLPLUGIN": "svp",
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=limit,  # noqa: PLW1509 this process has one thread
    ) as process:
        status = _watched(process, deadline)
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            # Nothing is left of its group.
            return status
    return status


def _watched(process: subprocess.Popen[bytes], deadline: float) -> int:
    """Return the exit status of the process, or why it must be killed."""
    while True:
        if (status := process.poll()) is not None:
            return status
        if select.select([sys.stdin.fileno()], [], [], _TICK_SECONDS)[0]:
            return EXIT_ABANDONED
        if time.monotonic() > deadline:
            return EXIT_TIME_OVER


if __name__ == "__main__":
    # A signal's number, negative, is no exit status that a parent could tell from another.
    sys.exit(main(sys.argv[1:]) & 0xFF)
