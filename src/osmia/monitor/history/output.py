"""Rows of the history as a table, JSON lines, CSV or a Parquet file."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import TextIO

from osmia.errors import NotSupportedError, UsageError
from osmia.monitor.export.text import format_bytes
from osmia.monitor.history.reader import HistoryRow

__all__ = ["write_csv", "write_json", "write_parquet", "write_table"]

TIMES = ("first_seen", "last_seen")


def write_json(rows: Iterable[HistoryRow], stream: TextIO) -> None:
    """A JSON object a line; times in ISO 8601."""
    stream.writelines(json.dumps(_with_text_times(row), separators=(",", ":")) + "\n" for row in rows)


def write_csv(rows: Iterable[HistoryRow], stream: TextIO) -> None:
    """With a line of column names, as RFC 4180 but for its line ends; nothing at all without rows."""
    writer: csv.DictWriter[str] | None = None
    for row in rows:
        if writer is None:
            writer = csv.DictWriter(stream, list(row), lineterminator="\n")
            writer.writeheader()
        writer.writerow(_with_text_times(row))


def write_parquet(rows: Iterable[HistoryRow], path: Path) -> int:
    """A Parquet file; how many rows it has. Raises NotSupportedError without pyarrow, OSError."""
    try:
        pyarrow, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
    except ModuleNotFoundError as error:
        raise NotSupportedError(
            "Parquet", f"the package {error.name}: pip install pyarrow, or give --csv"
        ) from None
    content = [
        {name: _moment(value) if name in TIMES else value for name, value in row.items()} for row in rows
    ]
    if not content:
        raise UsageError("there are no rows to write", "ask for a longer time with --since")
    parquet.write_table(pyarrow.Table.from_pylist(content), path)
    return len(content)


def write_table(rows: Sequence[HistoryRow], stream: TextIO) -> None:
    """For people."""
    if not rows:
        stream.write("nothing was recorded\n")
        return
    lines = _flow_lines(rows) if "protocol" in rows[0] else _alert_lines(rows)
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        stream.write("  ".join(cells).rstrip() + "\n")


def _flow_lines(rows: Sequence[HistoryRow]) -> list[tuple[str, ...]]:
    lines: list[tuple[str, ...]] = [
        ("LAST SEEN", "PROTO", "REMOTE", "LOCAL", "STATE", "IN", "OUT", "PROCESS", "RTT")
    ]
    for row in rows:
        process, trip = row["process"], row["round_trip_us"]
        lines.append(
            (
                _short_time(row["last_seen"]),
                str(row["protocol"]),
                _end(row["remote"], row["remote_port"]),
                _end(row["local"], row["local_port"]),
                str(row["state"]),
                format_bytes(float(str(row["received_bytes"]))),
                format_bytes(float(str(row["sent_bytes"]))),
                "-" if process is None else f"{process} ({row['pid']})",
                "-" if trip is None else f"{float(str(trip)) / 1000:.1f} ms",
            )
        )
    return lines


def _alert_lines(rows: Sequence[HistoryRow]) -> list[tuple[str, ...]]:
    lines: list[tuple[str, ...]] = [("FIRST SEEN", "LAST SEEN", "SOURCE", "TARGET", "WHAT")]
    lines += [
        (
            _short_time(row["first_seen"]),
            _short_time(row["last_seen"]),
            str(row["source"]),
            str(row["target"]),
            str(row["reason"]),
        )
        for row in rows
    ]
    return lines


def _end(address: object, port: object) -> str:
    return f"[{address}]:{port}" if ":" in str(address) else f"{address}:{port}"


def _moment(value: object) -> datetime:
    return datetime.fromtimestamp(float(str(value)), UTC)


def _short_time(value: object) -> str:
    return _moment(value).astimezone().strftime("%m-%d %H:%M:%S")


def _with_text_times(row: HistoryRow) -> HistoryRow:
    return {
        name: _moment(value).isoformat(timespec="milliseconds") if name in TIMES else value
        for name, value in row.items()
    }
