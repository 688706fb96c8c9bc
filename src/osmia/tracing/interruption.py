"""Ctrl-C as a question that is asked between two steps, so that no step is left half done."""

from __future__ import annotations

import os
import select
import signal
from types import FrameType, TracebackType
from typing import Self

__all__ = ["Interruption"]


class Interruption:
    """Notes Ctrl-C in its `with` block, on the main thread; a second one raises KeyboardInterrupt as ever."""

    def __init__(self) -> None:
        self.wanted = False
        """Whether Ctrl-C was pressed."""

    def __enter__(self) -> Self:
        self._read_end, self._write_end = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._earlier_fd = signal.set_wakeup_fd(self._write_end, warn_on_full_buffer=False)
        self._earlier = signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        signal.signal(signal.SIGINT, self._earlier)
        signal.set_wakeup_fd(self._earlier_fd)
        os.close(self._read_end)
        os.close(self._write_end)

    def wait(self, seconds: float, *descriptors: int) -> None:
        """Wait until Ctrl-C is pressed, a descriptor is readable, or the time is over."""
        if not self.wanted:
            select.select([self._read_end, *descriptors], [], [], max(0.0, seconds))

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.wanted = True
        signal.signal(signal.SIGINT, self._earlier)
