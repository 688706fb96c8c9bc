"""What the maps of running programs say, again and again: events, entries with rates, histograms."""

from __future__ import annotations

import operator
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, SupportsIndex, cast

from osmia.bpf import Bpf, EventReader, PerCpuValues, StackTraces
from osmia.errors import UsageError
from osmia.lang import (
    ArrayMap,
    Histogram,
    HistogramMap,
    Histograms,
    Map,
    PerCpuArray,
    PerfEventArray,
    RingBuf,
    StackTrace,
)

__all__ = ["Events", "Observation", "Observer", "Row", "Table"]

_MOST_ENTRIES = 100_000
"""Entries of a map that one look goes through."""


@dataclass(frozen=True)
class Events:
    """What has come out of a ring buffer or perf event array."""

    name: str
    total: int
    per_second: float
    lost: int
    newest: tuple[str, ...]
    """The last ones since the look before, the newest last."""
    arrived: int
    """How many came since then."""


@dataclass(frozen=True)
class Row:
    """An entry of a map; `per_second` is how fast its number grows, None where it has none."""

    key: str
    value: str
    per_second: float | None


@dataclass(frozen=True)
class Table:
    """The entries of a map, large numbers first; `more` of them are not in `rows`."""

    name: str
    rows: tuple[Row, ...]
    more: int


@dataclass(frozen=True)
class Observation:
    """All that one look found; `histograms` by the map's name and the key, for those that have keys."""

    seconds: float
    """Since the first look."""
    events: tuple[Events, ...]
    tables: tuple[Table, ...]
    histograms: tuple[tuple[str, Histogram], ...]


class _EventCount:
    """The events of one map so far."""

    def __init__(self, name: str, reader: EventReader[Any], keep: int) -> None:
        self.name = name
        self.reader = reader
        self._keep = keep
        self._total = self._arrived = 0
        self._newest: list[str] = []

    def drain(self) -> None:
        """Take what is there; only the last ones become text."""
        events = self.reader.read(0)
        self._total += len(events)
        self._arrived += len(events)
        if events:
            self._newest = [*self._newest, *(printable(event) for event in events[-self._keep :])]
            del self._newest[: -self._keep]

    def look(self, seconds: float) -> Events:
        """What has come since the last look, `seconds` ago."""
        rate = self._arrived / seconds if seconds else 0.0
        seen = Events(self.name, self._total, rate, self.reader.lost, tuple(self._newest), self._arrived)
        self._arrived, self._newest = 0, []
        return seen


class Observer:
    """Looks at the maps of a module that the loaded programs use; others are passed over."""

    def __init__(
        self,
        bpf: Bpf,
        maps: Mapping[str, Map],
        *,
        rows: int = 20,
        events: int = 1000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`rows` is the most entries of a map that are shown, `events` the most of a buffer in one look."""
        self._bpf = bpf
        self._rows = rows
        self._clock = clock
        self._started = self._before = clock()
        self._numbers: dict[str, dict[str, int]] = {}
        self._events: list[_EventCount] = []
        self._maps: dict[str, Map] = {}
        for name, declaration in maps.items():
            try:
                handle = bpf[cast("PerfEventArray[Any]", declaration)]
            except UsageError:
                continue
            if isinstance(declaration, PerfEventArray | RingBuf):
                self._events.append(_EventCount(name, handle, events))
            else:
                self._maps[name] = declaration

    def descriptors(self) -> list[int]:
        """File descriptors that are readable when `drain` has something to do."""
        return [each.reader.fileno() for each in self._events]

    def drain(self) -> None:
        """Take the events that are there, to be part of the next look."""
        for each in self._events:
            each.drain()

    def look(self) -> Observation:
        """Events since the last look, and all maps as they are now."""
        now = self._clock()
        elapsed, self._before = now - self._before, now
        self.drain()
        events = tuple(each.look(elapsed) for each in self._events)
        tables: list[Table] = []
        histograms: list[tuple[str, Histogram]] = []
        for name, declaration in self._maps.items():
            handle = cast("Any", self._bpf[cast("HistogramMap[..., object]", declaration)])
            if isinstance(declaration, HistogramMap):
                histograms += _histograms(name, handle)
            elif isinstance(declaration, StackTrace):
                stacks = cast("StackTraces", handle)
                tables.append(Table(name, (Row("stacks", str(len(stacks)), None),), 0))
            else:
                sparse = not isinstance(declaration, ArrayMap | PerCpuArray)
                tables.append(self._table(name, handle.items(), elapsed, keep_zero=sparse))
        return Observation(now - self._started, events, tuple(tables), tuple(histograms))

    def _table(
        self, name: str, entries: Iterable[tuple[Any, Any]], elapsed: float, *, keep_zero: bool
    ) -> Table:
        before = self._numbers.get(name, {})
        now: dict[str, int] = {}
        rows: list[tuple[int, Row]] = []
        for number, (key, value) in enumerate(entries):
            if number >= _MOST_ENTRIES:
                break
            text, count = printable(key), _number(value)
            if count is None:
                rows.append((0, Row(text, _value(value), None)))
                continue
            now[text] = count
            if count or keep_zero:
                # What was not there before counts from zero, but not in the first look.
                grown = count - before.get(text, 0 if before else count)
                rate = grown / elapsed if elapsed else 0.0
                rows.append((count, Row(text, f"{count:,}", rate)))
        self._numbers[name] = now
        rows.sort(key=lambda row: row[0], reverse=True)
        shown = tuple(row for _, row in rows[: self._rows])
        return Table(name, shown, len(rows) - len(shown))


def printable(value: object) -> str:
    """A value as text that is safe on a terminal: a task's name may hold anything."""
    text = str(value)
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else f"\\x{ord(letter):02x}" for letter in text)


def _histograms(name: str, seen: object) -> list[tuple[str, Histogram]]:
    if isinstance(seen, Histogram):
        return [(name, seen)]
    by_key = cast("Histograms[Any]", seen)
    ordered = sorted(by_key.items(), key=lambda each: each[1].total, reverse=True)
    return [(f"{name}[{printable(key)}]", histogram) for key, histogram in ordered]


def _number(value: Any) -> int | None:
    """The number of an integer, or of the integers of all processors together; None for anything else."""
    if hasattr(value, "sum") and hasattr(value, "reduce"):
        try:
            return cast("PerCpuValues[Any]", value).sum()
        except TypeError:
            return None
    if isinstance(value, SupportsIndex) and not isinstance(value, bool):
        return operator.index(value)
    return None


def _value(value: Any) -> str:
    if hasattr(value, "reduce"):
        return ", ".join(printable(each) for each in value)
    return printable(value)
