"""Reading events: nanoseconds each, and how many a second. `python -m benchmarks.events [--short]`."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from statistics import median

import osmia
from benchmarks.event_rivals import rivals
from benchmarks.event_rows import RateRow, ReadingRow, rate_table, reading_table
from benchmarks.producer import producer
from benchmarks.programs.events import Sample, perf, ring, to_perf, to_ring
from benchmarks.tables import terminal
from osmia import EventReader, LoadedBpf
from osmia.compiler.compile import compile_programs
from osmia.loader import ProgramHandle
from tests.kernel_access import why_no_bpf

FRAME = bytes(64)
FILLING = 30_000
"""Events that fit into the ring buffer."""
RATES = (500_000, 1_000_000, 1_500_000, 2_000_000, 3_000_000, 4_000_000, 6_000_000, 8_000_000)
"""Events a second that are tried, until some are lost."""
ATTEMPTS = 5
NOT_PERMITTED = 77

Reader = EventReader[Sample]
Take = Callable[[Reader], int]
"""Takes all events that are there, and says how many."""


def take_columns(reader: Reader) -> int:
    return len(reader.read_columns(0))


def take_lent(reader: Reader) -> int:
    with reader.borrow_columns(0) as columns:
        return len(columns)


def take_list(reader: Reader) -> int:
    return len(reader.read(0))


def take_each(reader: Reader) -> int:
    count = 0
    for _ in reader.events(0):
        count += 1
    return count


def take_fields(reader: Reader) -> int:
    count = 0
    for event in reader.events(0):
        if event.time and event.address and event.kind and event.size:
            count += 1
    return count


WAYS: dict[str, Take] = {
    "columns, copied": take_columns,
    "columns, lent": take_lent,
    "list of instances": take_list,
    "one by one": take_each,
    "one by one, all four fields read": take_fields,
}


def measure_reading(rounds: int) -> Iterator[ReadingRow]:
    """Fill a buffer, read it; every way in turn."""
    with osmia.load(to_ring, to_perf) as bpf:
        bpf.reader(perf, pages=512)
        for kind, reader, program in _kinds(bpf):
            taken: dict[str, list[float]] = {title: [] for title in WAYS}
            for _ in range(rounds):
                for title, take in WAYS.items():
                    program.run(FRAME, repeat=FILLING)
                    start = time.perf_counter_ns()
                    count = take(reader)
                    taken[title].append((time.perf_counter_ns() - start) / FILLING)
                    if count != FILLING:
                        raise RuntimeError(f"{count} of {FILLING} events arrived")
            for title, values in taken.items():
                yield ReadingRow(f"{kind}, {title}", median(values))
    yield from rivals(compile_programs((to_ring, to_perf)), rounds, FILLING)


def measure_rates(seconds: float) -> Iterator[RateRow]:
    """The highest rate without a loss, and what arrives of a flood."""
    for title in ("columns, copied", "one by one"):
        best = RateRow(f"ring buffer, {title}: highest rate without loss", 0, 0)
        for rate in RATES:
            row = _without_loss(WAYS[title], seconds, rate, best.title)
            if row is None:
                break
            best = row
        yield best
    for title, wake_bytes in (("wake-ups in batches", None), ("a wake-up for each event", 0)):
        with osmia.load(to_ring, to_perf) as bpf:
            reader = bpf.reader(perf, pages=512, wake_bytes=wake_bytes)
            yield _rate(
                bpf.program("to_perf"), reader, _waiting, seconds, None, f"perf event array, flood, {title}"
            )


def _without_loss(take: Take, seconds: float, rate: int, title: str) -> RateRow | None:
    """Another process may have the processor meanwhile: a rate has some attempts."""
    for _ in range(ATTEMPTS):
        with osmia.load(to_ring, to_perf) as bpf:
            row = _rate(bpf.program("to_ring"), bpf[ring], take, seconds, rate, title)
        if not row.lost_share and row.per_second >= 0.9 * rate:
            return row
    return None


def _waiting(reader: Reader) -> int:
    return len(reader.read_columns(0.05))


def _kinds(bpf: LoadedBpf) -> list[tuple[str, Reader, ProgramHandle]]:
    return [
        ("ring buffer", bpf[ring], bpf.program("to_ring")),
        ("perf event array", bpf[perf], bpf.program("to_perf")),
    ]


def _rate(
    program: ProgramHandle, reader: Reader, take: Take, seconds: float, rate: int | None, title: str
) -> RateRow:
    """Read for some seconds beside a process that sends."""
    count = 0
    with producer(program, FRAME, rate):
        start = time.monotonic()
        while time.monotonic() < start + seconds:
            count += take(reader)
        elapsed = time.monotonic() - start
    count += take(reader)
    return RateRow(title, count / elapsed, reader.lost / (count + reader.lost))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.events", description=__doc__)
    parser.add_argument("--short", action="store_true", help="a few seconds")
    short: bool = parser.parse_args().short
    missing = why_no_bpf()
    if missing is not None:
        print(f"benchmarks: {missing}", file=sys.stderr)
        return NOT_PERMITTED
    print(terminal(reading_table(tuple(measure_reading(5 if short else 41)))) + "\n")
    print(terminal(rate_table(tuple(measure_rates(0.3 if short else 2)))))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
