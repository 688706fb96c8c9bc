"""What is new in the last snapshot, written to the history in a thread of its own."""

from __future__ import annotations

import json
import sqlite3
import threading
import uuid
from collections.abc import Callable
from pathlib import Path

from osmia.errors import OsmiaError
from osmia.monitor.detect.alert import Alert
from osmia.monitor.export.snapshot import alert_to_json
from osmia.monitor.history.store import (
    SLOT_SECONDS,
    AlertRow,
    FlowRow,
    HistoryBounds,
    HistoryStore,
    SourceRow,
    TotalRow,
    packed_address,
)
from osmia.monitor.model import Address, Connection, Interface, Snapshot, Source, TrafficCount

__all__ = ["Recorder"]

WRITE_SECONDS = 5.0
PRUNE_SECONDS = 60.0

FlowKey = tuple[int, Address, int, Address, int]


class Recorder:
    """Writes every few seconds what was added since the last time; `subscriber` takes the snapshots.

    Nothing is queued: it keeps what it wrote of each row, and the newest snapshot has all that came since.
    So what could not be written, as on a full disk, is written with the next time that works; only rows that
    the kernel's maps pushed out in between are missing, and totals are not. `notice` is told of failures.
    """

    def __init__(
        self,
        path: Path,
        notice: Callable[[str], None],
        bounds: HistoryBounds | None = None,
        seconds: float = WRITE_SECONDS,
    ) -> None:
        self.path = path
        self._notice = notice
        self._bounds = bounds
        self._seconds = seconds
        self._newest: Snapshot | None = None
        self._difference = _Difference()
        self._store: HistoryStore | None = None
        self._pruned = float("-inf")
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._work, name="osmia-history", daemon=True)
        self.failures = 0
        """How often in a row writing did not work."""

    def start(self) -> None:
        """Begin to write. The thread has the rights that the caller has then."""
        self._thread.start()

    def subscriber(self, snapshot: Snapshot, _fresh_alerts: tuple[Alert, ...]) -> None:
        """Remember the newest snapshot."""
        self._newest = snapshot

    def close(self) -> None:
        """Write what is left, and end; no error where that was done before."""
        self._ending.set()
        if self._thread.is_alive():
            self._thread.join()
        else:
            self._end()

    def _work(self) -> None:
        while not self._ending.wait(self._seconds):
            self.write()
        self._end()

    def _end(self) -> None:
        self.write()
        if self._store is not None:
            self._store.close()
            self._store = None
        self._newest = None

    def write(self) -> None:
        """Write now. The thread does this; without `start` the caller may, from one thread."""
        snapshot = self._newest
        if snapshot is None:
            return
        try:
            store = self._opened()
            self._difference.write(snapshot, store)
            if snapshot.clock_ns / 1e9 - self._pruned >= PRUNE_SECONDS:
                self._pruned = snapshot.clock_ns / 1e9
                store.prune(snapshot.taken)
            self.failures = 0
        except (sqlite3.Error, OSError, OsmiaError) as error:
            self.failures += 1
            self._notice(f"the history cannot be written, and is tried again: {error}")

    def _opened(self) -> HistoryStore:
        if self._store is None:
            self._store = HistoryStore(self.path, self._bounds)
            if self._store.set_aside is not None:
                self._notice(f"the history was damaged; what is left of it is {self._store.set_aside}")
        return self._store


class _Difference:
    """Snapshots as what was added since the last one that was written."""

    def __init__(self) -> None:
        self._run = uuid.uuid4().hex
        self._connections: dict[FlowKey, Connection] = {}
        self._sources: dict[Address, Source] = {}
        self._interfaces: dict[tuple[str, int], Interface] = {}
        self._alerts: dict[int, Alert] = {}

    def write(self, snapshot: Snapshot, store: HistoryStore) -> None:
        """Write the difference; only when that has worked is it the last one."""
        slot = int(snapshot.taken) // SLOT_SECONDS * SLOT_SECONDS
        connections = {_key(connection): connection for connection in snapshot.connections}
        sources = {source.address: source for source in snapshot.sources}
        interfaces = {(one.name, one.index): one for one in snapshot.interfaces}
        alerts = {alert.number: alert for alert in snapshot.alerts}
        flow_rows = [
            _flow_row(slot, snapshot, key, now, was)
            for key, now in connections.items()
            if (was := self._connections.get(key)) is not now and (was is None or _has_changed(now, was))
        ]
        source_rows = [
            _source_row(slot, snapshot, source, before)
            for address, source in sources.items()
            if (before := self._sources.get(address)) is None
            or before.received.packets != source.received.packets
        ]
        total_rows = [
            _total_row(slot, one, self._interfaces.get(identity)) for identity, one in interfaces.items()
        ]
        alert_rows = [
            self._alert_row(snapshot, alert)
            for alert in alerts.values()
            if self._alerts.get(alert.number) != alert
        ]
        store.add(flow_rows, source_rows, total_rows, alert_rows)
        self._connections, self._sources = connections, sources
        self._interfaces, self._alerts = interfaces, alerts

    def _alert_row(self, snapshot: Snapshot, alert: Alert) -> AlertRow:
        last_seen = _wall_clock(snapshot, alert.last_seen_ns)
        return (
            self._run,
            alert.number,
            int(last_seen) // SLOT_SECONDS * SLOT_SECONDS,
            _wall_clock(snapshot, alert.first_seen_ns),
            last_seen,
            packed_address(alert.source),
            packed_address(alert.target),
            alert.kind.value,
            alert.technique.name.lower(),
            alert.reason,
            json.dumps(alert_to_json(alert), separators=(",", ":")),
        )


def _wall_clock(snapshot: Snapshot, clock_ns: int) -> float:
    """A time of the monitor's clock in seconds since the epoch."""
    return snapshot.taken - (snapshot.clock_ns - clock_ns) / 1e9


def _key(connection: Connection) -> FlowKey:
    return (
        connection.protocol,
        connection.local,
        connection.local_port,
        connection.remote,
        connection.remote_port,
    )


def _has_changed(now: Connection, was: Connection) -> bool:
    return (now.received.packets, now.sent.packets, now.state) != (
        was.received.packets,
        was.sent.packets,
        was.state,
    )


def _added(now: TrafficCount, was: TrafficCount | None) -> tuple[int, int]:
    """Packets and bytes since; all of them where the row was pushed out and made anew."""
    if was is None or now.packets < was.packets or now.bytes < was.bytes:
        return now.packets, now.bytes
    return now.packets - was.packets, now.bytes - was.bytes


def _flow_row(
    slot: int, snapshot: Snapshot, key: FlowKey, now: Connection, was: Connection | None
) -> FlowRow:
    if was is not None and was.first_seen_ns != now.first_seen_ns:
        was = None
    protocol, local, local_port, remote, remote_port = key
    owner = now.owner
    return (
        slot,
        protocol,
        packed_address(local),
        local_port,
        packed_address(remote),
        remote_port,
        *_added(now.received, None if was is None else was.received),
        *_added(now.sent, None if was is None else was.sent),
        _wall_clock(snapshot, now.first_seen_ns),
        _wall_clock(snapshot, now.last_seen_ns),
        now.state.value,
        "" if owner is None else owner.process,
        0 if owner is None else owner.pid,
        -1 if owner is None else owner.uid,
        now.round_trip_us or 0,
        now.retransmits or 0,
    )


def _source_row(slot: int, snapshot: Snapshot, now: Source, was: Source | None) -> SourceRow:
    if was is not None and was.received.packets > now.received.packets:
        was = None
    return (
        slot,
        packed_address(now.address),
        *_added(now.received, None if was is None else was.received),
        now.blocked_packets - (0 if was is None else was.blocked_packets),
        _wall_clock(snapshot, now.last_seen_ns),
    )


def _total_row(slot: int, now: Interface, was: Interface | None) -> TotalRow:
    return (
        slot,
        now.name,
        *_added(now.received, None if was is None else was.received),
        *_added(now.sent, None if was is None else was.sent),
        *_added(now.dropped, None if was is None else was.dropped),
    )
