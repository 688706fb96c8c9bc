"""The results as a table on the terminal, as JSON, and as benchmarks/README.md."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from benchmarks.event_rows import RateRow, ReadingRow, rate_table, reading_table
from benchmarks.first_events import FirstEventRow, first_event_table
from benchmarks.instructions import SizeRow
from benchmarks.machine import Machine
from benchmarks.packets import PacketRow
from benchmarks.startup import StartRow
from benchmarks.tables import Table, markdown


@dataclass(frozen=True)
class Results:
    """All that one run of the benchmarks found."""

    machine: Machine
    rounds: int
    """Rounds of the packets; in each, every program runs `repeat` times."""
    repeat: int
    processes: int
    """Processes started for each row of the start-up."""
    sizes: tuple[SizeRow, ...]
    packets: tuple[PacketRow, ...]
    starts: tuple[StartRow, ...]
    first: tuple[FirstEventRow, ...]
    reading: tuple[ReadingRow, ...]
    rates: tuple[RateRow, ...]


def packet_table(rows: Sequence[PacketRow]) -> Table:
    """Ratios first, then nanoseconds."""
    titles = ("packet", "by C", "by C, v3", "C by C", "osmia ns", "C ns", "C v3 ns")
    return [
        titles,
        *(
            (
                row.title,
                f"{row.ratio:.2f}",
                f"{row.same_level_ratio:.2f}",
                f"{row.noise:.2f}",
                f"{row.osmia:.1f}",
                f"{row.c:.1f}",
                f"{row.c_same_level:.1f}",
            )
            for row in rows
        ),
    ]


def size_table(rows: Sequence[SizeRow]) -> Table:
    """Instructions, machine code, and the verifier's work; each as osmia, C, C for v3."""
    titles = ("program", "by C", "by C, v3", "instructions", "JIT bytes", "verified")
    return [titles, *(_size_cells(row) for row in rows)]


def _size_cells(row: SizeRow) -> tuple[str, ...]:
    sizes = row.osmia, row.c, row.c_same_level
    return (
        row.program,
        f"{row.osmia.instructions / row.c.instructions:.2f}",
        f"{row.osmia.instructions / row.c_same_level.instructions:.2f}",
        " / ".join(str(size.instructions) for size in sizes),
        " / ".join(str(size.jited_bytes) for size in sizes),
        " / ".join(str(size.verified) for size in sizes),
    )


def start_table(rows: Sequence[StartRow]) -> Table:
    """Milliseconds and memory."""
    return [
        ("xdp_counter", "ms", "peak MiB", "LLVM's peak MiB"),
        *(
            (row.title, f"{row.milliseconds:.0f}", f"{row.peak_mib:.0f}", f"{row.llvm_peak_mib:.0f}")
            for row in rows
        ),
    ]


def to_json(results: Results) -> str:
    """Everything, for a program."""
    return json.dumps(asdict(results), indent=2) + "\n"


README = """\
# Benchmarks

The same programs in Python and in C: `make bench` measures and writes this page and `results.json`,
`make bench ARGS=--short` only prints. C is compiled by the distribution's `clang -O2`; "v3" is C with
`-mcpu=v3`, the processor level that osmia compiles for. The C sources are in [c](c); a test holds the
monitor in C to the verdicts and map contents of the one in Python. Neither side has log lines.

## Nanoseconds per packet

BPF_PROG_TEST_RUN, {repeat:,} packets a run, medians of {rounds} rounds in which the programs take turns.
"By C" is osmia's time divided by C's; "C by C" is the C program loaded twice: what it differs from 1 by
is noise.

{packets}

## Instructions

In the kernel, after the verifier (xlated bytes / 8); machine code; instructions that the verifier went
through. Each as osmia / C / C v3.

{sizes}

Linux declares `struct ethhdr` packed, so clang reads its type byte by byte: 3 of C's instructions.

## Start-up

From the start of the process until `xdp_counter` is attached to a veth, medians of {processes} processes
each: compiled (nothing in the cache), from the cache, from an object file; bcc compiles at each start. LLVM
runs in a process of its own.

{starts}

One-liners, from the start of the process until the first event is printed, medians of {processes} each:

{first}

## Events

Of 24 bytes, filled into a ring buffer of 1 MiB or a perf event array and then read; "lent" is a view of the
kernel's memory where the events lie in one run, "one by one" makes an instance of the `@struct` class for
each. Then a program on the other processor sends while they are read: the highest rate at which none is
lost, and what arrives of a flood through a perf event array. `python -m benchmarks.events` measures only
these.

{reading}

{rates}

## Machine

{machine}
"""


def readme(results: Results) -> str:
    """benchmarks/README.md."""
    machine = results.machine
    facts = (
        f"{machine.processor}, {machine.processors} processors",
        machine.kernel,
        f"{machine.python}, llvmlite {machine.llvmlite}",
        machine.clang,
    )
    return README.format(
        repeat=results.repeat,
        rounds=results.rounds,
        processes=results.processes,
        packets=markdown(packet_table(results.packets)),
        sizes=markdown(size_table(results.sizes)),
        starts=markdown(start_table(results.starts)),
        first=markdown(first_event_table(results.first)),
        reading=markdown(reading_table(results.reading)),
        rates=markdown(rate_table(results.rates)),
        machine="\n".join(f"- {fact}" for fact in facts),
    )
