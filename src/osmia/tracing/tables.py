"""Rows as text for people, and as JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence

from osmia import Histogram
from osmia.tracing.program_text import Column
from osmia.tracing.rows import Key, Snapshot, Value, text_of
from osmia.tracing.terms import Number, Text, Which

__all__ = ["event_json", "event_text", "heading", "snapshot_json", "snapshot_text"]

_NUMBER_WIDTH, _TEXT_WIDTH = 7, 16
"""Columns of events as they come: nobody knows yet how wide they will be."""


def heading(columns: Sequence[Column]) -> str:
    """The titles over events."""
    return _event_line([column.title for column in columns], columns)


def event_text(values: Key, columns: Sequence[Column]) -> str:
    """An event as a line."""
    return _event_line(
        [text_of(value, column) for value, column in zip(values, columns, strict=True)], columns
    )


def event_json(values: Key, columns: Sequence[Column]) -> str:
    """An event as a JSON object, by the columns' titles."""
    return json.dumps(_named(values, columns))


def snapshot_text(snapshot: Snapshot, columns: Sequence[Column], value_title: str, rows: int | None) -> str:
    """A table with the largest numbers first, or histograms with the fullest first; at most so many lines."""
    if snapshot.histograms:
        lines = _histogram_lines(snapshot, columns, value_title)
    elif columns:
        lines = _table_lines(snapshot, columns, value_title)
    else:
        lines = [f"{value_title}: {sum(snapshot.totals.values()):,}"]
    if rows is not None and len(lines) > rows:
        lines = [*lines[: rows - 1], f"({len(lines) - rows + 1} more lines)"]
    return "\n".join(lines)


def snapshot_json(snapshot: Snapshot, columns: Sequence[Column], value_title: str) -> str:
    """One JSON object: rows, and how many events were lost."""
    rows: list[dict[str, object]] = []
    for key, total in _by_size(snapshot):
        rows.append({**_named(key, columns), value_title: total})
    for key, histogram in _by_total(snapshot):
        buckets = [
            {"low": bucket.low, "high": bucket.high, "count": bucket.count} for bucket in histogram.shown()
        ]
        rows.append({**_named(key, columns), value_title: buckets})
    return json.dumps({"rows": rows, "lost": snapshot.lost})


def _named(values: Key, columns: Sequence[Column]) -> dict[str, Value]:
    return {column.title: value for column, value in zip(columns, values, strict=True)}


def _by_size(snapshot: Snapshot) -> list[tuple[Key, int]]:
    return sorted(snapshot.totals.items(), key=lambda row: (-row[1], tuple(map(str, row[0]))))


def _by_total(snapshot: Snapshot) -> list[tuple[Key, Histogram]]:
    return sorted(snapshot.histograms.items(), key=lambda row: (-row[1].total, tuple(map(str, row[0]))))


def _event_line(cells: Sequence[str], columns: Sequence[Column]) -> str:
    padded = [
        cell.rjust(_NUMBER_WIDTH) if isinstance(column.kind, Number) else cell.ljust(_TEXT_WIDTH)
        for cell, column in zip(cells, columns, strict=True)
    ]
    return "  ".join(padded).rstrip()


def _table_lines(snapshot: Snapshot, columns: Sequence[Column], value_title: str) -> list[str]:
    titles = [*(column.title for column in columns), value_title]
    cells = [
        [*(text_of(value, column) for value, column in zip(key, columns, strict=True)), f"{total:,}"]
        for key, total in _by_size(snapshot)
    ]
    widths = [max(map(len, column)) for column in zip(titles, *cells, strict=True)]
    left = [isinstance(column.kind, Text | Which) for column in columns]
    lines: list[str] = []
    for row in (titles, *cells):
        aligned = zip(row, widths, [*left, False], strict=True)
        padded = [cell.ljust(width) if is_left else cell.rjust(width) for cell, width, is_left in aligned]
        lines.append("  ".join(padded).rstrip())
    return lines


def _histogram_lines(snapshot: Snapshot, columns: Sequence[Column], value_title: str) -> list[str]:
    lines: list[str] = []
    for key, histogram in _by_total(snapshot):
        named = zip(key, columns, strict=True)
        title = ", ".join(f"{column.title} {text_of(value, column)}" for value, column in named)
        if lines:
            lines.append("")
        if title:
            lines.append(title)
        lines += histogram.text(value_title).split("\n")
    return lines
