"""The database of the history: its tables, what is written to it, and how it is kept small.

SQLite, of the standard library: a commit survives a crash of the process, several processes may read
while one writes, and there is nothing to install. Addresses are kept in the 16 bytes of the kernel's form,
so that a network is a range.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from osmia.errors import UsageError
from osmia.monitor.addresses import MAPPED
from osmia.monitor.lists.store import state_directory
from osmia.monitor.model import Address

__all__ = [
    "SLOT_SECONDS",
    "VERSION",
    "AlertRow",
    "FlowRow",
    "HistoryBounds",
    "HistoryStore",
    "SourceRow",
    "TotalRow",
    "history_file",
    "packed_address",
]

VERSION = 1
SLOT_SECONDS = 60
"""What a connection did in a minute is one row."""

PAGE_BYTES = 4096
BUSY_SECONDS = 5.0

TABLES = """
CREATE TABLE flows (
  slot INTEGER, protocol INTEGER, local BLOB, local_port INTEGER, remote BLOB, remote_port INTEGER,
  received_packets INTEGER, received_bytes INTEGER, sent_packets INTEGER, sent_bytes INTEGER,
  first_seen REAL, last_seen REAL, state TEXT, process TEXT, pid INTEGER, uid INTEGER,
  round_trip_us INTEGER, retransmits INTEGER,
  PRIMARY KEY (slot, protocol, local, local_port, remote, remote_port)) WITHOUT ROWID;
CREATE TABLE sources (
  slot INTEGER, address BLOB, packets INTEGER, bytes INTEGER, blocked_packets INTEGER, last_seen REAL,
  PRIMARY KEY (slot, address)) WITHOUT ROWID;
CREATE TABLE totals (
  slot INTEGER, interface TEXT, received_packets INTEGER, received_bytes INTEGER,
  sent_packets INTEGER, sent_bytes INTEGER, dropped_packets INTEGER, dropped_bytes INTEGER,
  PRIMARY KEY (slot, interface)) WITHOUT ROWID;
CREATE TABLE alerts (
  run TEXT, number INTEGER, slot INTEGER, first_seen REAL, last_seen REAL, source BLOB, target BLOB,
  kind TEXT, technique TEXT, reason TEXT, content TEXT,
  PRIMARY KEY (run, number)) WITHOUT ROWID;
"""

ADD_FLOW = """
INSERT INTO flows VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)
ON CONFLICT DO UPDATE SET
  received_packets = received_packets + excluded.received_packets,
  received_bytes = received_bytes + excluded.received_bytes,
  sent_packets = sent_packets + excluded.sent_packets,
  sent_bytes = sent_bytes + excluded.sent_bytes,
  first_seen = min(first_seen, excluded.first_seen), last_seen = excluded.last_seen, state = excluded.state,
  process = excluded.process, pid = excluded.pid, uid = excluded.uid,
  round_trip_us = excluded.round_trip_us, retransmits = excluded.retransmits
"""
ADD_SOURCE = """
INSERT INTO sources VALUES (?,?,?,?,?,?)
ON CONFLICT DO UPDATE SET packets = packets + excluded.packets, bytes = bytes + excluded.bytes,
  blocked_packets = blocked_packets + excluded.blocked_packets, last_seen = excluded.last_seen
"""
ADD_TOTAL = """
INSERT INTO totals VALUES (?,?,?,?,?,?,?,?)
ON CONFLICT DO UPDATE SET
  received_packets = received_packets + excluded.received_packets,
  received_bytes = received_bytes + excluded.received_bytes,
  sent_packets = sent_packets + excluded.sent_packets, sent_bytes = sent_bytes + excluded.sent_bytes,
  dropped_packets = dropped_packets + excluded.dropped_packets,
  dropped_bytes = dropped_bytes + excluded.dropped_bytes
"""
ADD_ALERT = "INSERT OR REPLACE INTO alerts VALUES (?,?,?,?,?,?,?,?,?,?,?)"

FlowRow = tuple[
    int, int, bytes, int, bytes, int, int, int, int, int, float, float, str, str, int, int, int, int
]
SourceRow = tuple[int, bytes, int, int, int, float]
TotalRow = tuple[int, str, int, int, int, int, int, int]
AlertRow = tuple[str, int, int, float, float, bytes, bytes, str, str, str, str]


@dataclass(frozen=True, slots=True)
class HistoryBounds:
    """How much is kept: the oldest minutes go first."""

    bytes: int = 256 * 1024 * 1024
    """Of the database; its journal takes some MB more."""
    seconds: float = 7 * 86_400.0


def history_file() -> Path:
    """The history of this user, beside the lists."""
    return state_directory() / "history.db"


def packed_address(address: Address) -> bytes:
    """The 16 bytes by which an address is kept."""
    return MAPPED + address.packed if address.version == 4 else address.packed


class HistoryStore:
    """A database open for writing, by one monitor at a time. Belongs to the thread that made it.

    A damaged file is put aside under the name of `set_aside`, and a new one begun. Raises UsageError where
    another monitor writes to it or a later version of osmia made it, sqlite3.Error and OSError where it
    cannot be written.
    """

    def __init__(self, path: Path, bounds: HistoryBounds | None = None) -> None:
        self.path = path
        self.bounds = bounds or HistoryBounds()
        self.set_aside: Path | None = None
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = os.open(path.with_suffix(".lock"), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            self._take_lock()
            self._database = self._open()
        except BaseException:
            os.close(self._lock)
            raise

    def close(self) -> None:
        """Close the database; no error where that was done before."""
        if self._lock < 0:
            return
        self._database.close()
        os.close(self._lock)
        self._lock = -1

    def add(
        self,
        flows: Iterable[FlowRow],
        sources: Iterable[SourceRow],
        totals: Iterable[TotalRow],
        alerts: Iterable[AlertRow],
    ) -> None:
        """Add to the rows of their minutes: all of it, or nothing. Raises sqlite3.Error."""
        database = self._database
        try:
            database.execute("BEGIN IMMEDIATE")
            database.executemany(ADD_FLOW, flows)
            database.executemany(ADD_SOURCE, sources)
            database.executemany(ADD_TOTAL, totals)
            database.executemany(ADD_ALERT, alerts)
            database.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                database.execute("ROLLBACK")
            raise

    def prune(self, now: float) -> None:
        """Delete what is too old, and the oldest minutes of what is too much. Raises sqlite3.Error."""
        self._delete_before(int(now - self.bounds.seconds))
        while self.bytes > self.bounds.bytes:
            (first, last), *_ = self._database.execute("SELECT min(slot), max(slot) FROM flows")
            if first is None or first == last:
                break
            self._delete_before(first + max(SLOT_SECONDS, (last - first) // 10))
        # Each step of this statement frees one page.
        self._database.execute("PRAGMA incremental_vacuum").fetchall()

    @property
    def bytes(self) -> int:
        """Bytes of the database that hold rows."""
        return (self._number("page_count") - self._number("freelist_count")) * PAGE_BYTES

    def _delete_before(self, slot: int) -> None:
        self._database.execute("BEGIN IMMEDIATE")
        for table in ("flows", "sources", "totals", "alerts"):
            self._database.execute(f"DELETE FROM {table} WHERE slot < ?", (slot,))  # noqa: S608
        self._database.execute("COMMIT")

    def _take_lock(self) -> None:
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UsageError(
                f"another monitor writes to {self.path}", "give this one a history.path of its own"
            ) from None

    def _open(self) -> sqlite3.Connection:
        try:
            return self._connect()
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:
            # It is no database, or a damaged one: the record of what is to come is worth more.
            aside = self.path.with_suffix(".damaged")
            self.path.replace(aside)
            for suffix in ("-wal", "-shm"):
                Path(f"{self.path}{suffix}").unlink(missing_ok=True)
            self.set_aside = aside
            return self._connect()

    def _connect(self) -> sqlite3.Connection:
        descriptor = os.open(self.path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        os.close(descriptor)
        database = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None)
        try:
            self._database = database
            if self._number("user_version") > VERSION:
                raise UsageError(f"{self.path} was made by a later osmia", "give another history.path")
            if self._number("user_version") == 0:
                database.execute(f"PRAGMA page_size = {PAGE_BYTES}")
                database.execute("PRAGMA auto_vacuum = INCREMENTAL")
                database.executescript(f"BEGIN; {TABLES} PRAGMA user_version = {VERSION}; COMMIT;")
            # With a write-ahead log a commit needs no fsync to outlive the process: only a loss of power
            # takes back the last ones.
            database.execute("PRAGMA journal_mode = WAL").fetchall()
            database.execute("PRAGMA synchronous = NORMAL")
            database.execute("PRAGMA journal_size_limit = 4194304").fetchall()
            found = database.execute("PRAGMA quick_check(1)").fetchall()
            if found != [("ok",)]:
                raise sqlite3.DatabaseError(f"{self.path} is damaged: {found}")
        except BaseException:
            database.close()
            raise
        return database

    def _number(self, pragma: str) -> int:
        (row,) = self._database.execute(f"PRAGMA {pragma}").fetchall()
        return int(row[0])
