"""From the start of a one-liner until its first event is printed: `osmia trace` and bpftrace, in turn."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.tables import Table

OSMIA = str(Path(sys.executable).with_name("osmia"))
COMMANDS = {
    "osmia trace": [OSMIA, "trace", "tracepoint:raw_syscalls:sys_enter", "--print", "pid, id"],
    "bpftrace": [
        *("bpftrace", "-B", "line", "-e"),
        'tracepoint:raw_syscalls:sys_enter { printf("%d %d\\n", pid, args->id); }',
    ],
}
EVENT = re.compile(rb"^\D*\d+\D+\d+\D*$")
SECONDS = 30


@dataclass(frozen=True)
class FirstEventRow:
    """Median of several processes."""

    title: str
    milliseconds: float


def measure_first_events(processes: int) -> tuple[FirstEventRow, ...]:
    """A rival that is not installed is named on stderr and left out."""
    commands = {title: command for title, command in COMMANDS.items() if shutil.which(command[0])}
    if "bpftrace" not in commands:
        print("benchmarks: bpftrace is left out: apt-get install bpftrace", file=sys.stderr)
    taken: dict[str, list[float]] = {title: [] for title in commands}
    for number in range(processes + 1):
        for title, command in commands.items():
            elapsed = _first_event(command)
            # The first round fills caches.
            if number:
                taken[title].append(elapsed)
    return tuple(FirstEventRow(title, median(values)) for title, values in taken.items())


def _first_event(command: list[str]) -> float:
    """Milliseconds until the first line that has two numbers."""
    start = time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                if EVENT.match(line.strip()):
                    return (time.monotonic() - start) * 1e3
                if time.monotonic() > start + SECONDS:
                    break
        finally:
            process.kill()
    raise RuntimeError(f"{command[0]} printed no event")


def first_event_table(rows: tuple[FirstEventRow, ...]) -> Table:
    """Milliseconds."""
    return [
        ("`raw_syscalls:sys_enter`, process and number printed", "ms to the first"),
        *((row.title, f"{row.milliseconds:.0f}") for row in rows),
    ]
