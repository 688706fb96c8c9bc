"""What `osmia monitor history` does."""

from __future__ import annotations

import sqlite3
import sys
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from osmia.errors import MalformedError, UsageError
from osmia.monitor.configuration import Configuration, settings
from osmia.monitor.history import output
from osmia.monitor.history.reader import HistoryQuery, HistoryReader
from osmia.monitor.history.store import history_file
from osmia.monitor.lists.rules import parse_duration, parse_network

__all__ = ["HistoryRequest", "show_history"]


@dataclass(frozen=True, slots=True)
class HistoryRequest:
    """The arguments of `osmia monitor history`, as they were written."""

    what: str = "connections"
    since: str = "1h"
    until: str | None = None
    source: str | None = None
    destination: str | None = None
    address: str | None = None
    port: int | None = None
    process: str | None = None
    protocol: str | None = None
    limit: int = 1000
    form: str = "table"
    parquet: Path | None = None

    def query(self, now: float) -> HistoryQuery:
        """What it asks for. Raises UsageError."""
        source, destination, address = (
            None if text is None else parse_network(text)
            for text in (self.source, self.destination, self.address)
        )
        return HistoryQuery(
            since=_time(self.since, now),
            until=now if self.until is None else _time(self.until, now),
            source=source,
            destination=destination,
            address=address,
            port=self.port,
            process=self.process,
            protocol=self.protocol,
            limit=self.limit,
        )


def show_history(request: HistoryRequest, configuration: Configuration) -> int:
    """Print what was recorded. Raises UsageError, MalformedError for a damaged file, OSError."""
    path = configuration[settings.HISTORY_PATH]
    file = Path(path) if path else history_file()
    query = request.query(time.time())
    try:
        reader = HistoryReader(file)
        rows = reader.alerts(query) if request.what == "alerts" else reader.flows(query)
        if request.parquet is not None:
            count = output.write_parquet(rows, request.parquet)
            print(f"{request.parquet}: {count} rows")
        elif request.form == "json":
            output.write_json(rows, sys.stdout)
        elif request.form == "csv":
            output.write_csv(rows, sys.stdout)
        else:
            output.write_table(list(rows), sys.stdout)
    except sqlite3.Error as error:
        raise MalformedError("history", f"{file}: {error}") from None
    return 0


def _time(text: str, now: float) -> float:
    """A time in the past: how long ago, or a date with or without a time of this machine's zone."""
    try:
        return datetime.fromisoformat(text).astimezone().timestamp()
    except ValueError:
        pass
    try:
        return now - parse_duration(text)
    except UsageError:
        raise UsageError(f"{text!r} is no time", "write 30m, 2h or 2026-03-01T14:30") from None
