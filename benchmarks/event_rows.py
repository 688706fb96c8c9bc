"""What was measured of events, and how it is shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.tables import Table


@dataclass(frozen=True)
class ReadingRow:
    """Reading events that are all there."""

    title: str
    nanoseconds: float
    """Median, for one event."""


@dataclass(frozen=True)
class RateRow:
    """Reading while a program on another processor sends."""

    title: str
    per_second: float
    lost_share: float
    """Of what was sent."""


def reading_table(rows: Sequence[ReadingRow]) -> Table:
    """Nanoseconds for an event."""
    return [("24-byte events that wait", "ns each"), *((row.title, f"{row.nanoseconds:.1f}") for row in rows)]


def rate_table(rows: Sequence[RateRow]) -> Table:
    """Events a second, and losses."""
    return [
        ("24-byte events from another processor", "read a second", "lost"),
        *((row.title, f"{row.per_second:,.0f}", f"{row.lost_share:.1%}") for row in rows),
    ]
