"""A process that causes events while another one reads them."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

from osmia.loader import ProgramHandle

BURST = 2_000
"""Runs of the program for each system call."""


@contextmanager
def producer(program: ProgramHandle, frame: bytes, rate: int | None = None) -> Generator[None, None, None]:
    """Run a program in a process of its own, on the last processor, which this one leaves to it meanwhile.

    `rate` is in runs a second; None: as many as go.
    """
    parent, before = os.getpid(), os.sched_getaffinity(0)
    child = os.fork()
    if not child:
        try:
            os.sched_setaffinity(0, {max(before)})
            _run(program, frame, rate, lambda: os.getppid() == parent)
        finally:
            os._exit(0)
    os.sched_setaffinity(0, before - {max(before)} or before)
    try:
        yield
    finally:
        os.kill(child, signal.SIGTERM)
        os.waitpid(child, 0)
        os.sched_setaffinity(0, before)


def _run(program: ProgramHandle, frame: bytes, rate: int | None, wanted: Callable[[], bool]) -> None:
    """Run until SIGTERM, or until the parent is gone."""
    stop = False

    def end(*_: Any) -> None:
        nonlocal stop
        stop = True

    signal.signal(signal.SIGTERM, end)
    due = time.monotonic()
    while not stop and wanted():
        if rate is not None:
            due += BURST / rate
            while time.monotonic() < due and not stop:
                pass
        program.run(frame, repeat=BURST)
