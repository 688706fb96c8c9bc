"""Keeps the record of first contacts on disk while the monitor runs."""

from __future__ import annotations

from pathlib import Path

from osmia.errors import OsmiaError
from osmia.monitor.detect.alert import Alert
from osmia.monitor.detect.memory import load_walks, save_walks
from osmia.monitor.detect.sequential import SequentialTest
from osmia.monitor.model import Snapshot
from osmia.monitor.service import Service

__all__ = ["ContactRecord"]

SAVE_SECONDS = 60.0


class ContactRecord:
    """Reads the record when made, and writes it each minute (`subscriber`) and at the end (`save`).

    A record that cannot be read or written is a notice, never a failure: detection goes on without it.
    """

    def __init__(self, path: Path, walks: SequentialTest, service: Service) -> None:
        self._path = path
        self._walks = walks
        self._service = service
        self._saved = service.wall_clock()
        try:
            walks.restore(load_walks(path, service.clock_ns(), service.wall_clock()))
        except (OsmiaError, OSError) as error:
            service.notice(f"slow scans begin anew: {error}")

    def subscriber(self, snapshot: Snapshot, _: tuple[Alert, ...]) -> None:
        """Write it where a minute has passed."""
        if abs(snapshot.taken - self._saved) >= SAVE_SECONDS:
            self.save()

    def save(self) -> None:
        """Write it now, where there is something to write."""
        self._saved = self._service.wall_clock()
        if not self._walks.items() and not self._path.exists():
            return
        try:
            save_walks(self._path, self._walks, self._service.clock_ns(), self._saved)
        except OSError as error:
            self._service.notice(f"slow scans will not be known after a restart: {error}")
