"""Reading the same events with libbpf in C and with bcc, or what to install for it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.event_rows import ReadingRow

C_SOURCE = Path(__file__).with_name("libbpf") / "events.c"
BCC_PROGRAM = Path(__file__).with_name("bcc") / "events.py"
BCC_PYTHON = "/usr/bin/python3"
"""Debian's, for which python3-bpfcc is."""


def rivals(program: bytes, rounds: int, filling: int) -> Iterator[ReadingRow]:
    """The rows of the rivals that are installed; the others are named on stderr.

    `program` is the object that fills the ring, `filling` how many events are read at once.
    """
    with TemporaryDirectory() as folder:
        reader, loaded = Path(folder, "events"), Path(folder, "events.o")
        loaded.write_bytes(program)
        compile_c = ["clang", "-O2", "-Wall", "-o", str(reader), str(C_SOURCE), "-lbpf"]
        if shutil.which("clang") is None or subprocess.run(compile_c, capture_output=True).returncode:
            _missing("libbpf", "apt-get install clang libbpf-dev")
        else:
            (times,) = _medians([str(reader), str(loaded), str(rounds), str(filling)]) or [[0.0]]
            yield ReadingRow("ring buffer, C with libbpf, a callback for each", times[0])
    found = _medians([BCC_PYTHON, str(BCC_PROGRAM), str(rounds), str(filling)])
    if not found:
        _missing("bcc", "apt-get install python3-bpfcc linux-headers-$(uname -r)")
    for drained, parsed in found:
        yield ReadingRow("ring buffer, bcc, a callback for each, not parsed", drained)
        yield ReadingRow("ring buffer, bcc, a callback for each, all four fields read", parsed)


def _medians(command: list[str]) -> list[list[float]]:
    """The medians of the columns that a program prints, as one row; nothing where it fails."""
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        return []
    rows = [list(map(float, line.split())) for line in done.stdout.splitlines()]
    return [[median(column) for column in zip(*rows, strict=True)]]


def _missing(rival: str, command: str) -> None:
    print(f"benchmarks: {rival} is left out: {command}", file=sys.stderr)
