"""Frames through the monitor's own program, and what it said of them."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from osmia.monitor.detect.alert import Alert
from osmia.monitor.feed import CapturedFrame
from osmia.monitor.model import Snapshot, SourceOfPackets
from osmia.monitor.sessions import Engine, capture_session

INTERVAL = 1.0
"""Seconds of the capture between two looks, as in the running monitor."""


@dataclass(frozen=True)
class Raised:
    """An alert at the moment it was raised."""

    alert: Alert
    clock_ns: int


@dataclass(frozen=True)
class Verdict:
    """What the monitor said of a capture."""

    raised: tuple[Raised, ...]
    """The alerts as they came."""
    final: tuple[Alert, ...]
    """The same as they were at the end, the oldest first."""
    frames: int
    first_ns: int
    last_ns: int
    seconds: float
    """Processor time that it took."""
    lost: int
    """Reports lost or held back, and rows that full maps did not take."""


def judge(
    frames: Iterable[CapturedFrame], engine: Engine = Engine.AUTOMATIC, *, interval: float = INTERVAL
) -> Verdict:
    """Run a capture, by the capture's clock."""
    counted = _Counted(frames)
    raised: list[Raised] = []

    def note(snapshot: Snapshot, fresh: tuple[Alert, ...]) -> None:
        raised.extend(Raised(alert, snapshot.clock_ns) for alert in fresh)

    session = capture_session(counted, "capture", SourceOfPackets.REPLAY, paced=False, engine=engine)
    with session as service:
        service.alerts_only = True
        service.subscribe(note)
        started = time.process_time()
        service.run(interval)
        seconds = time.process_time() - started
        assert service.latest is not None
        final, losses = service.latest.alerts, service.latest.losses
    lost = losses.reports + losses.reports_held + losses.rows_refused
    return Verdict(
        tuple(raised), final[::-1], counted.number, counted.first_ns, counted.last_ns, seconds, lost
    )


class _Counted:
    """Frames, counted while they pass."""

    def __init__(self, frames: Iterable[CapturedFrame]) -> None:
        self._frames = frames
        self.number = 0
        self.first_ns = 0
        self.last_ns = 0

    def __iter__(self) -> Iterator[CapturedFrame]:
        for frame in self._frames:
            if not self.number:
                self.first_ns = frame.timestamp_ns
            self.number += 1
            self.last_ns = frame.timestamp_ns
            yield frame
