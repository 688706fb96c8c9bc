"""What programs counted, as rows: keys made of Python values, numbers, histograms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from osmia import Bucket, CharArray, Histogram, Integer, Struct
from osmia.tracing.probes import Probe
from osmia.tracing.program_text import Column
from osmia.tracing.terms import Number, Text, Which

__all__ = ["Key", "Snapshot", "Value", "merged", "text_of", "values_of"]

Value = int | bool | str
Key = tuple[Value, ...]


@dataclass(frozen=True)
class Snapshot:
    """All rows at one time."""

    totals: Mapping[Key, int]
    histograms: Mapping[Key, Histogram]
    lost: int
    """Events that found no room in a map or buffer."""

    def since(self, earlier: Snapshot) -> Snapshot:
        """What came between an earlier snapshot and this one; rows without change are left out."""
        changes = {key: total - earlier.totals.get(key, 0) for key, total in self.totals.items()}
        totals = {key: change for key, change in changes.items() if change}
        histograms = {
            key: histogram - earlier.histograms[key] if key in earlier.histograms else histogram
            for key, histogram in self.histograms.items()
        }
        histograms = {key: histogram for key, histogram in histograms.items() if histogram.total}
        return Snapshot(totals, histograms, self.lost - earlier.lost)


def values_of(record: Struct, columns: Sequence[Column], probes: Sequence[Probe]) -> Key:
    """The values of a key or event; texts end at their first zero byte."""
    return tuple(_value(getattr(record, column.field), column, probes) for column in columns)


def _value(value: CharArray[Any] | Integer | bool, column: Column, probes: Sequence[Probe]) -> Value:
    if isinstance(value, CharArray):
        # What has no room left is cut off: user space cannot know whether more was there.
        full = column.kind == Text(None) and bytes(value)[-2] != 0
        return f"{value}…" if full else str(value)
    if isinstance(value, bool):
        return value
    return str(probes[int(value)]) if column.kind == Which() else int(value)


def merged(first: Histogram, second: Histogram) -> Histogram:
    """Both together; they are of one map."""
    pairs = zip(first.buckets, second.buckets, strict=True)
    return Histogram(tuple(Bucket(one.low, one.high, one.count + other.count) for one, other in pairs))


def text_of(value: Value, column: Column) -> str:
    """A value for people. What would steer a terminal is shown as Python's escapes."""
    if isinstance(column.kind, Number) and column.kind.is_address:
        return hex(int(value))
    if isinstance(value, str):
        return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in value)
    return str(value).lower() if isinstance(value, bool) else str(value)
