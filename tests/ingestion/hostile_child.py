"""A parser process in which some names do what hostile files do to a parser."""

import os
import signal
import sys
import time

from ingestion import parser_child
from ingestion.parse import parse
from ingestion.ports import Advance
from ingestion.records import MOST_STOPS, Document, ParseOptions


def parse_or_misbehave(
    content: bytes, name: str, options: ParseOptions, advance: Advance
) -> Document:
    """Parse, unless the name asks for something else."""
    match name:
        case "pages":
            for page in range(6):
                time.sleep(0.2)
                advance((page + 1) / 6)
        case "hang":
            time.sleep(60)
        case "crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        case "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        case "swell":
            # Never written to: only the limit stops it, not the machine.
            bytearray(2**40)
        case "abort":
            os.abort()
        case "stopped":
            # As a terminal does with Ctrl-C, and a service manager: to the whole group.
            os.killpg(0, signal.SIGINT)
            os.killpg(0, signal.SIGTERM)
        case "bug":
            raise ZeroDivisionError
        case _ if name.startswith("deadly"):
            advance = _deadly(name, options, advance)
    return parse(content, name, options, advance)


def _deadly(name: str, options: ParseOptions, advance: Advance) -> Advance:
    """Die at the pages of ten that the name tells, from 0, unless they are left out."""
    deadly = [int(page) / 10 for page in name.split()[1:]]

    def die_or_advance(share: float) -> None:
        advance(share)
        left_out = share in options.stopped_at or len(options.stopped_at) == MOST_STOPS
        if share in deadly and not left_out:
            os.kill(os.getpid(), signal.SIGKILL)

    return die_or_advance


parser_child.parse = parse_or_misbehave

if __name__ == "__main__":
    parser_child.main(sys.argv[1:])
