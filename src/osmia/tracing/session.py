"""A one-liner at work: its program is loaded and attached, its rows are shown until the time is over."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import osmia
from osmia import Histogram, PerCpuHashMap, TracingProgram, u32
from osmia.tracing import tables
from osmia.tracing.interruption import Interruption
from osmia.tracing.program import Action, TraceProgram
from osmia.tracing.program_file import import_text
from osmia.tracing.rows import Key, Snapshot, merged, values_of

if TYPE_CHECKING:
    from osmia import Bpf, Constant, EventReader, HistogramMap, Histograms, PerCpuArray, RingBuf, Struct, u64

__all__ = ["Output", "run"]

_REDRAW = 1.0
"""Seconds between two drawings on a terminal."""
_EVENT_WAIT = 0.25
"""Seconds after which events are looked for, even where the kernel has not said that there are some."""
_CLEAR = "\x1b[H\x1b[2J"


@dataclass(frozen=True)
class Output:
    """How rows are shown. Times are in seconds."""

    as_json: bool = False
    interval: float | None = None
    """Show what came in each interval, not all since the start."""
    duration: float | None = None


@dataclass(frozen=True)
class _Declarations:
    """What a generated program declares; which of them depends on its action."""

    programs: tuple[TracingProgram[Any], ...]
    own_pid: Constant[u32]
    lost: PerCpuArray[u64]
    events: RingBuf[Struct] | None
    totals: PerCpuHashMap[Struct, u64] | PerCpuArray[u64] | None
    histogram: HistogramMap[..., Histogram | Histograms[Struct]] | None


def _declarations(text: str) -> _Declarations:
    names = vars(import_text(text))
    programs: list[TracingProgram[Any]] = [
        value for value in names.values() if isinstance(value, TracingProgram)
    ]
    return _Declarations(
        tuple(programs),
        names["own_pid"],
        names["lost"],
        names.get("events"),
        names.get("totals"),
        names.get("histogram"),
    )


def run(program: TraceProgram, output: Output) -> None:
    """Trace until the duration is over or Ctrl-C is pressed; the last rows are shown then as well.

    Raises:
        CompileError, VerifierError, PermissionDeniedError, NotSupportedError, UsageError.
    """
    declared = _declarations(program.text)
    constants = {declared.own_pid: u32(os.getpid())}
    with osmia.load(*declared.programs, constants=constants) as bpf, Interruption() as interruption:
        # What starts the time is attached before what ends it.
        for each in reversed(declared.programs):
            bpf[each].attach()
        many = len(declared.programs) > 1
        what = f"{len(declared.programs)} probes" if many else str(program.request.probes[0])
        print(f"tracing {what}; Ctrl-C ends it", file=sys.stderr, flush=True)
        until = _Until(interruption, None if output.duration is None else time.monotonic() + output.duration)
        if declared.events is not None:
            _print_events(bpf[declared.events], program, output, until)
            lost = bpf[declared.lost][0].sum()
            if lost:
                print(f"{lost:,} events found no room in the buffer", file=sys.stderr)
        else:
            _print_tables(lambda: _snapshot(bpf, declared, program), program, output, until)


@dataclass(frozen=True)
class _Until:
    """When to end: at Ctrl-C, or at a time of the monotonic clock."""

    interruption: Interruption
    deadline: float | None

    @property
    def reached(self) -> bool:
        return self.interruption.wanted or (self.deadline is not None and time.monotonic() >= self.deadline)

    def wait(self, seconds: float, *descriptors: int) -> None:
        """Wait so long, not beyond the end, and only until a descriptor is readable."""
        if self.deadline is not None:
            seconds = min(seconds, self.deadline - time.monotonic())
        self.interruption.wait(seconds, *descriptors)


def _print_events(reader: EventReader[Struct], program: TraceProgram, output: Output, until: _Until) -> None:
    if not output.as_json and sys.stdout.isatty():
        print(tables.heading(program.columns), flush=True)
    while not until.reached:
        until.wait(_EVENT_WAIT, reader.fileno())
        _print_read(reader.read(0), program, output)
    _print_read(reader.read(0), program, output)


def _print_read(events: list[Struct], program: TraceProgram, output: Output) -> None:
    form = tables.event_json if output.as_json else tables.event_text
    for event in events:
        values = values_of(event, program.columns, program.request.probes)
        print(form(values, program.columns))
    if events:
        sys.stdout.flush()


def _print_tables(read: Callable[[], Snapshot], program: TraceProgram, output: Output, until: _Until) -> None:
    live = sys.stdout.isatty() and output.interval is None and not output.as_json
    pause = output.interval or _REDRAW
    shown = Snapshot({}, {}, 0)
    start, turn = time.monotonic(), 0
    while True:
        # Turns that come too late are left out.
        turn = max(turn, int((time.monotonic() - start) / pause)) + 1
        until.wait(start + turn * pause - time.monotonic())
        if until.reached:
            break
        if live:
            rows = shutil.get_terminal_size().lines - 1
            print(_CLEAR + _table(read(), program, rows), flush=True)
        elif output.interval is not None:
            now = read()
            _print_snapshot(now.since(shown), program, output)
            shown = now
    last = read()
    if live:
        print(_CLEAR, end="")
    _print_snapshot(last if output.interval is None else last.since(shown), program, output)
    if last.lost:
        print(f"{last.lost:,} events were not counted: there are too many keys", file=sys.stderr)


def _print_snapshot(snapshot: Snapshot, program: TraceProgram, output: Output) -> None:
    if output.as_json:
        print(tables.snapshot_json(snapshot, program.columns, _value_title(program)), flush=True)
    else:
        text = _table(snapshot, program, None)
        print(f"{text}\n" if output.interval is not None else text, flush=True)


def _table(snapshot: Snapshot, program: TraceProgram, rows: int | None) -> str:
    return tables.snapshot_text(snapshot, program.columns, _value_title(program), rows)


def _value_title(program: TraceProgram) -> str:
    request = program.request
    return {Action.COUNT: "count", Action.SUM: f"sum({request.value})"}.get(request.action, request.value)


def _snapshot(bpf: Bpf, declared: _Declarations, program: TraceProgram) -> Snapshot:
    columns, probes = program.columns, program.request.probes
    if declared.histogram is not None:
        found = bpf[declared.histogram]
        if isinstance(found, Histogram):
            return Snapshot({}, {(): found}, 0)
        histograms: dict[Key, Histogram] = {}
        for record, histogram in found.items():
            key = values_of(record, columns, probes)
            histograms[key] = merged(histograms[key], histogram) if key in histograms else histogram
        return Snapshot({}, histograms, found.lost)
    if isinstance(declared.totals, PerCpuHashMap):
        totals: Counter[Key] = Counter()
        for record, values in bpf[declared.totals].items():
            # Two keys of the kernel may be one row: bytes behind the end of a text differ.
            totals[values_of(record, columns, probes)] += values.sum()
        return Snapshot(totals, {}, bpf[declared.lost][0].sum())
    assert declared.totals is not None
    return Snapshot({(): bpf[declared.totals][0].sum()}, {}, 0)
