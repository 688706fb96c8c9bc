"""Where packets and time come from: the kernel itself, or a capture run through the same programs."""

from __future__ import annotations

import struct
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

import osmia
from osmia.monitor import kernel
from osmia.monitor.records import CaptureWay

__all__ = ["CaptureFeed", "CapturedFrame", "Feed", "LiveFeed"]

HEADER_BYTES = 256
"""The headers of a frame are in so many bytes; the rest counts by its length alone."""

CAPTURED_HEADER = struct.Struct("=QII")
"""A `CapturedHdr`."""
REST_NS = 12_000_000_000
"""A pause of a capture is stepped over after so long: time to answer, and for a sweep of all cells."""
SILENCE_NS = 2_000_000_000
"""After its last frame a capture is silent for so long: what was asked last had the time to answer."""


class Feed(Protocol):
    """What moves the monitor's clock."""

    def advance(self, seconds: float) -> bool:
        """Let so much time pass; False when there is nothing more to come."""
        ...

    def clock_ns(self) -> int:
        """The monitor's clock, as the kernel programs read it."""
        ...

    def wall_clock(self) -> float:
        """Seconds since the epoch."""
        ...


class LiveFeed:
    """Packets arrive by themselves; the clock is the kernel's (CLOCK_MONOTONIC, as bpf_ktime_get_ns).

    `wait` waits some seconds, or less when the monitor is told to end.
    """

    def __init__(self, wait: Callable[[float], object]) -> None:
        self._wait = wait

    def advance(self, seconds: float) -> bool:
        """Wait."""
        self._wait(seconds)
        return True

    def clock_ns(self) -> int:
        """Nanoseconds since boot."""
        return time.monotonic_ns()

    def wall_clock(self) -> float:
        """Seconds since the epoch."""
        return time.time()


@dataclass(frozen=True, slots=True)
class CapturedFrame:
    """A frame of a capture, and which way it went."""

    timestamp_ns: int
    data: bytes
    length: int
    """Bytes on the wire; `data` may hold fewer."""
    way: CaptureWay

    @property
    def outbound(self) -> bool:
        """Whether this machine sent it."""
        return self.way is CaptureWay.SENT


class CaptureFeed:
    """Runs a capture through `monitor_capture`; the capture's timestamps are the clock.

    `wait` paces it (see `LiveFeed`); without it, it goes as fast as it can. Time never goes
    backwards: a frame with an earlier timestamp counts at the time of the frame before it.
    """

    def __init__(
        self,
        bpf: osmia.Bpf,
        frames: Iterable[CapturedFrame],
        wait: Callable[[float], object] | None = None,
    ) -> None:
        self._program = bpf[kernel.monitor_capture]
        self._frames: Iterator[CapturedFrame] = iter(frames)
        self._wait = wait
        self._next = next(self._frames, None)
        self._rested = False
        self._clock_ns = self._next.timestamp_ns if self._next is not None else 0

    def advance(self, seconds: float) -> bool:
        """Run the frames of the next `seconds` of the capture; a pause in the capture is stepped over."""
        if self._next is None:
            return False
        if self._wait is not None:
            self._wait(seconds)
        until = self._clock_ns + round(seconds * 1e9)
        pause = self._next.timestamp_ns - until
        if self._wait is None and pause > 0:
            # What came before a long pause is looked at in it, as the running monitor would.
            rests = pause > REST_NS and not self._rested
            until += REST_NS if rests else pause
            self._rested = rests
        self._program.run_many(self._until(until))
        more = self._has_more()
        self._clock_ns = until if more else self._clock_ns + SILENCE_NS
        return more

    def clock_ns(self) -> int:
        """The capture's time."""
        return self._clock_ns

    def wall_clock(self) -> float:
        """The capture's time in seconds since the epoch."""
        return self._clock_ns / 1e9

    def _has_more(self) -> bool:
        return self._next is not None

    def _until(self, until_ns: int) -> Iterator[bytes]:
        """The frames up to a time, as `monitor_capture` takes them."""
        frame, clock_ns = self._next, self._clock_ns
        while frame is not None and frame.timestamp_ns <= until_ns:
            clock_ns = max(clock_ns, frame.timestamp_ns)
            yield CAPTURED_HEADER.pack(clock_ns, frame.length, frame.way) + frame.data[:HEADER_BYTES]
            frame = next(self._frames, None)
        self._next, self._clock_ns = frame, clock_ns
