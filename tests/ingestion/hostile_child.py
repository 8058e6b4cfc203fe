"""A parser process in which some names do what hostile files do to a parser."""

import os
import signal
import sys
import time

from ingestion import parser_child
from ingestion.parse import parse
from ingestion.ports import Advance
from ingestion.records import Document, ParseOptions


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
    return parse(content, name, options, advance)


parser_child.parse = parse_or_misbehave

if __name__ == "__main__":
    parser_child.main(sys.argv[1:])
