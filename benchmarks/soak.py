"""Read events at the highest rate for minutes: each must be read or counted as lost, and no memory grow.

`python -m benchmarks.soak [--seconds 600]` takes both kinds of buffer and all ways of reading in turn, a
tenth of a second each. It ends with 1 if an event is missing or memory has grown.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import osmia
from benchmarks.events import FRAME, NOT_PERMITTED, take_columns, take_lent, take_list
from benchmarks.producer import producer
from benchmarks.programs.events import Sample, counted_to_perf, counted_to_ring, perf, produced, ring
from benchmarks.tables import terminal
from osmia import EventReader, PerfEventArray, RingBuf
from osmia.loader import ProgramHandle
from tests.kernel_access import why_no_bpf

TURN = 0.1
"""Seconds for one way of reading."""
MOST_GROWTH = 2 << 20
"""Bytes that memory may grow after the first tenth of the time: what the interpreter keeps for itself."""


def take_some(reader: EventReader[Sample]) -> int:
    """One by one, and leave the loop in between: while events pour in it would not end by itself."""
    return sum(1 for _ in itertools.islice(reader.events(0), 10_000))


WAYS = {
    "columns, copied": take_columns,
    "columns, lent": take_lent,
    "list of instances": take_list,
    "one by one": take_some,
}


def soak(program: ProgramHandle, reader: EventReader[Sample], seconds: float) -> tuple[Counter[str], int]:
    """Events by way of reading, and by how many bytes memory grew after the first tenth of the time."""
    read: Counter[str] = Counter()
    ways = itertools.cycle(WAYS.items())
    start, early = time.monotonic(), 0
    shown = start
    with producer(program, FRAME):
        while (now := time.monotonic()) < start + seconds:
            if not early and now > start + seconds / 10:
                early = resident()
            if sys.stderr.isatty() and now > shown + 1:
                shown = now
                print(f"\r{now - start:4.0f} of {seconds:.0f} s", end="", file=sys.stderr, flush=True)
            title, take = next(ways)
            read[title] += _for_a_turn(take, reader)
    grown = resident() - early
    while count := len(reader.read(0.2)):
        read["at the end"] += count
    return read, grown


def _for_a_turn(take: Callable[[EventReader[Sample]], int], reader: EventReader[Sample]) -> int:
    count, end = 0, time.monotonic() + TURN
    while time.monotonic() < end:
        count += take(reader)
    return count


def resident() -> int:
    """Bytes of memory that this process has in use."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600, help="for each kind of buffer")
    seconds: float = parser.parse_args().seconds
    missing = why_no_bpf()
    if missing is not None:
        print(f"benchmarks: {missing}", file=sys.stderr)
        return NOT_PERMITTED
    status = 0
    for buffer, program in ((ring, counted_to_ring), (perf, counted_to_perf)):
        with osmia.load(program) as bpf:
            reader: EventReader[Sample] = bpf[buffer]
            read, grown = soak(bpf.program(program.name), reader, seconds)
            made, lost = int(bpf[produced][0].sum()), reader.lost
        missing_events = made - read.total() - lost
        rows = [("events", _kind(buffer)), ("produced", f"{made:,}"), ("lost, and counted", f"{lost:,}")]
        rows += [(f"read: {title}", f"{count:,}") for title, count in read.items()]
        rows += [
            ("neither read nor counted", f"{missing_events:,}"),
            ("memory grown", f"{grown / 1024:,.0f} KiB"),
        ]
        print(terminal(rows) + "\n")
        if missing_events or grown > MOST_GROWTH:
            status = 1
    return status


def _kind(buffer: RingBuf[Sample] | PerfEventArray[Sample]) -> str:
    return "ring buffer" if isinstance(buffer, RingBuf) else "perf event array"


if __name__ == "__main__":
    raise SystemExit(main())
