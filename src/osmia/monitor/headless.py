"""The monitor without a screen: JSON lines until it is told to end."""

from __future__ import annotations

import os
import sys
import threading
import time
from enum import Enum
from typing import TextIO

from osmia.monitor.detect.alert import Alert
from osmia.monitor.export.json_lines import EventWriter, Schema
from osmia.monitor.model import Snapshot
from osmia.monitor.service import Service

__all__ = ["Stats", "print_events"]


class Stats(Enum):
    """When to print the numbers themselves."""

    EACH = "each"
    """For each snapshot."""
    LAST = "last"
    """Once, at the end."""


def print_events(
    service: Service,
    interval: float,
    *,
    duration: float | None = None,
    count: int | None = None,
    stats: Stats = Stats.EACH,
    stream: TextIO | None = None,
    schema: Schema = Schema.EVE,
) -> None:
    """Print the events of a monitor that was not started yet, until it ends.

    `duration` (seconds) and `count` (snapshots) bound it. A reader that goes away ends it quietly.
    """
    output = sys.stdout if stream is None else stream
    writer = EventWriter(schema)
    finished = threading.Event()
    printed = 0

    def show(snapshot: Snapshot, fresh_alerts: tuple[Alert, ...]) -> None:
        nonlocal printed
        if finished.is_set():
            return
        try:
            for line in writer.lines(snapshot, fresh_alerts, with_stats=stats is Stats.EACH):
                output.write(line + "\n")
            output.flush()
        except BrokenPipeError:
            _forget_output(output)
            finished.set()
            return
        printed += 1
        if count is not None and printed >= count:
            finished.set()

    service.subscribe(show)
    end = None if duration is None else time.monotonic() + duration
    service.start(interval)
    while not service.ended and not finished.wait(0.1):
        if end is not None and time.monotonic() >= end:
            break
    service.stop()
    service.join()
    if stats is Stats.LAST and service.latest is not None:
        output.write(writer.stats_line(service.latest) + "\n")
        output.flush()


def _forget_output(output: TextIO) -> None:
    """Keep the interpreter from complaining about the lost reader when it flushes at exit."""
    if output is sys.stdout:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, output.fileno())
        os.close(null)
