"""Questions to the history: connections and alerts of a time, and what the dashboard showed at a moment."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from osmia.errors import UsageError
from osmia.monitor.addresses import address_from_kernel
from osmia.monitor.history.store import SLOT_SECONDS, VERSION, packed_address
from osmia.monitor.model import (
    PROTOCOL_NAMES,
    Connection,
    ConnectionOwner,
    ConnectionState,
    Interface,
    InterfaceMode,
    Network,
    RatePoint,
    Snapshot,
    Source,
    SourceOfPackets,
    TrafficCount,
    protocol_name,
    traffic_by_process,
)

__all__ = ["HistoryQuery", "HistoryReader", "HistoryRow"]

HistoryRow = dict[str, object]

RATE_POINTS = 240
MAXIMUM_ROWS = 100_000

FLOWS = """
SELECT min(first_seen), max(last_seen), protocol, local, local_port, remote, remote_port, state,
  sum(received_packets), sum(received_bytes), sum(sent_packets), sum(sent_bytes),
  process, pid, uid, round_trip_us, retransmits
FROM flows WHERE {condition}
GROUP BY protocol, local, local_port, remote, remote_port
ORDER BY sum(received_bytes) + sum(sent_bytes) DESC LIMIT ?
"""
"""SQLite takes the columns that are not summed from the row of max()."""

ALERTS = """
SELECT first_seen, last_seen, source, target, kind, technique, reason, content
FROM alerts WHERE {condition} ORDER BY last_seen DESC LIMIT ?
"""


@dataclass(frozen=True, slots=True)
class HistoryQuery:
    """Which part of the history; None asks for all."""

    since: float
    """Seconds since the epoch; a minute that has begun before counts as a whole."""
    until: float
    source: Network | None = None
    """Who sends to us, as in filters."""
    destination: Network | None = None
    """This machine's end; of an alert, the address that was probed."""
    address: Network | None = None
    """Either end."""
    port: int | None = None
    """Either end's."""
    process: str | None = None
    protocol: str | None = None
    limit: int = 1000


class HistoryReader:
    """A history, open for reading; a monitor may write to it meanwhile.

    Raises UsageError where there is none, or one that a later version of osmia made, and sqlite3.Error
    where the file is damaged.
    """

    def __init__(self, path: Path) -> None:
        if not path.exists():
            raise UsageError(
                f"there is no history at {path}", "`osmia monitor run` records one (history.record)"
            )
        self._path = path
        with closing(self._connect()) as database:
            ((version,),) = database.execute("PRAGMA user_version").fetchall()
        if version != VERSION:
            raise UsageError(f"{path} is no history of this version of osmia")

    def flows(self, query: HistoryQuery) -> Iterator[HistoryRow]:
        """Connections, the largest first, with what they carried in that time. Raises sqlite3.Error."""
        terms = _Terms(query)
        terms.networks("remote", "local")
        if query.port is not None:
            terms.add("(local_port = ? OR remote_port = ?)", query.port, query.port)
        if query.process is not None:
            terms.add("process = ?", query.process)
        if query.protocol is not None:
            terms.add("protocol = ?", _protocol_number(query.protocol))
        for row in self._rows(FLOWS, terms):
            yield {
                "first_seen": row[0],
                "last_seen": row[1],
                "protocol": protocol_name(row[2]),
                "local": str(address_from_kernel(row[3])),
                "local_port": row[4],
                "remote": str(address_from_kernel(row[5])),
                "remote_port": row[6],
                "state": row[7],
                "received_packets": row[8],
                "received_bytes": row[9],
                "sent_packets": row[10],
                "sent_bytes": row[11],
                "process": row[12] or None,
                "pid": row[13] or None,
                "uid": row[14] if row[14] >= 0 else None,
                "round_trip_us": row[15] or None,
                "retransmits": row[16],
            }

    def alerts(self, query: HistoryQuery) -> Iterator[HistoryRow]:
        """Alerts, the latest first; ports and processes of a query do not concern them."""
        terms = _Terms(query)
        terms.networks("source", "target")
        for row in self._rows(ALERTS, terms):
            yield {
                "first_seen": row[0],
                "last_seen": row[1],
                "source": str(address_from_kernel(row[2])),
                "target": str(address_from_kernel(row[3])),
                "kind": row[4],
                "technique": row[5],
                "reason": row[6],
            }

    def moment(self, time: float) -> Snapshot | None:
        """The last recorded minute that began at or before a time; None where there is none.

        Its times are of the wall clock, its counts and rates are those of the minute.
        """
        with closing(self._connect()) as database:
            ((slot,),) = database.execute("SELECT max(slot) FROM totals WHERE slot <= ?", (int(time),))
            return None if slot is None else _moment(database, int(slot))

    def _rows(self, statement: str, terms: _Terms) -> Iterator[tuple[Any, ...]]:
        with closing(self._connect()) as database:
            text = statement.format(condition=" AND ".join(terms.conditions))
            yield from database.execute(text, (*terms.values, min(terms.query.limit, MAXIMUM_ROWS)))

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(f"{self._path.absolute().as_uri()}?mode=ro", uri=True, timeout=5.0)


class _Terms:
    """The condition of a query: fixed texts, with all values apart."""

    def __init__(self, query: HistoryQuery) -> None:
        self.query = query
        self.conditions: list[str] = []
        self.values: list[object] = []
        self.add("slot > ? AND slot <= ?", int(query.since) - SLOT_SECONDS, int(query.until))

    def add(self, condition: str, *values: object) -> None:
        self.conditions.append(condition)
        self.values += values

    def networks(self, source: str, destination: str) -> None:
        """Those of the query, by the names of the columns that they concern."""
        given = self.query
        for network, columns in (
            (given.source, (source,)),
            (given.destination, (destination,)),
            (given.address, (source, destination)),
        ):
            if network is not None:
                first, last = (packed_address(network[0]), packed_address(network[-1]))
                self.add(
                    f"({' OR '.join(f'{column} BETWEEN ? AND ?' for column in columns)})",
                    *(value for _ in columns for value in (first, last)),
                )


def _protocol_number(text: str) -> int:
    numbers = {name: number for number, name in PROTOCOL_NAMES.items()}
    if text.isdecimal() and int(text) < 256:
        return int(text)
    if text.lower() not in numbers:
        raise UsageError(f"{text!r} is no protocol", f"write one of {', '.join(numbers)}, or its number")
    return numbers[text.lower()]


def _moment(database: sqlite3.Connection, slot: int) -> Snapshot:
    points = database.execute(
        "SELECT sum(received_bytes), sum(sent_bytes), sum(dropped_bytes) FROM totals "
        "WHERE slot <= ? AND slot > ? GROUP BY slot ORDER BY slot",
        (slot, slot - RATE_POINTS * SLOT_SECONDS),
    ).fetchall()
    totals = database.execute("SELECT * FROM totals WHERE slot = ? ORDER BY interface", (slot,)).fetchall()
    sources = database.execute("SELECT * FROM sources WHERE slot = ?", (slot,)).fetchall()
    flows = database.execute("SELECT * FROM flows WHERE slot = ?", (slot,)).fetchall()
    connections = tuple(_connection(row) for row in flows)
    taken = float(slot + SLOT_SECONDS)
    return Snapshot(
        number=0,
        taken=taken,
        clock_ns=int(taken * 1e9),
        packets_from=SourceOfPackets.HISTORY,
        interfaces=tuple(
            Interface(
                row[1],
                number,
                InterfaceMode.RECORDED,
                _count(*row[2:4]),
                _count(*row[4:6]),
                _count(*row[6:8]),
                True,
            )
            for number, row in enumerate(totals, start=1)
        ),
        sources=tuple(
            Source(address_from_kernel(row[1]), _count(row[2], row[3]), row[4], int(row[5] * 1e9))
            for row in sources
        ),
        connections=connections,
        processes=traffic_by_process(connections),
        history=tuple(RatePoint(*(part / SLOT_SECONDS for part in row)) for row in points),
    )


def _connection(row: tuple[Any, ...]) -> Connection:
    _, protocol, local, local_port, remote, remote_port, *rest = row
    received_packets, received_bytes, sent_packets, sent_bytes, first, last, state, *known = rest
    process, pid, uid, round_trip_us, retransmits = known
    return Connection(
        local=address_from_kernel(local),
        local_port=local_port,
        remote=address_from_kernel(remote),
        remote_port=remote_port,
        protocol=protocol,
        state=ConnectionState(state),
        received=_count(received_packets, received_bytes),
        sent=_count(sent_packets, sent_bytes),
        first_seen_ns=int(first * 1e9),
        last_seen_ns=int(last * 1e9),
        owner=ConnectionOwner(pid, uid, process) if pid else None,
        round_trip_us=round_trip_us or None,
        retransmits=retransmits,
    )


def _count(packets: int, bytes_: int) -> TrafficCount:
    return TrafficCount(packets, bytes_, packets / SLOT_SECONDS, bytes_ / SLOT_SECONDS)
