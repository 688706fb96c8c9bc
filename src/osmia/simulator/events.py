"""Events on their way from simulated programs to user space: bounded, what finds no room is counted."""

from __future__ import annotations

import os
import threading
from collections import Counter, deque
from errno import EAGAIN, EINVAL, ENOSPC, EOPNOTSUPP

from osmia.lang.runtime import UpdateFlags
from osmia.simulator.storage import Processor

__all__ = ["EventStorage"]

PAGE_BYTES = 4096
"""Size of a simulated page of memory."""
PERF_BUFFER_BYTES = 64 * PAGE_BYTES
"""Size of the perf buffer of each simulated processor."""


class EventStorage:
    """A ring buffer (one for all processors) or a perf event array (one buffer for each processor)."""

    def __init__(self, byte_size: int, processors: Processor | None) -> None:
        """`byte_size` is that of one buffer; `processors` is given for a perf event array only."""
        self.lost = 0
        self._byte_size = byte_size
        self._processors = processors
        self._pending: deque[tuple[int, int, bytes]] = deque()
        self._used: Counter[int] = Counter()
        self._arrival = threading.Condition()
        self._descriptor: int | None = None
        self._closed = False

    def resize(self, byte_size: int) -> None:
        """Give each buffer another size, in bytes; events that wait stay."""
        with self._arrival:
            self._byte_size = byte_size

    def output(self, data: bytes) -> int:
        """Append an event; -EAGAIN or -ENOSPC where its buffer has no room."""
        # Ring buffer: a header of 8 bytes (kernel/bpf/ringbuf.c). Perf: header and length, 12 bytes.
        header = 8 if self._processors is None else 12
        size = (header + len(data) + 7) // 8 * 8
        buffer = 0 if self._processors is None else self._processors.processor
        with self._arrival:
            if self._closed or self._used[buffer] + size >= self._byte_size:
                self.lost += 1
                return -EAGAIN if self._processors is None else -ENOSPC
            self._used[buffer] += size
            self._pending.append((buffer, size, data))
            self._signal()
            self._arrival.notify_all()
        return 0

    def read(self, timeout: float | None) -> list[bytes]:
        """All events that wait, after waiting up to `timeout` seconds (None: for ever) for a first one."""
        with self._arrival:
            self._arrival.wait_for(lambda: self._pending or self._closed, timeout)
            events = [data for _, _, data in self._pending]
            self._pending.clear()
            self._used.clear()
            self._acknowledge()
        return events

    def fileno(self) -> int:
        """A file descriptor that is readable while events wait; it is closed with the kernel."""
        with self._arrival:
            if self._closed:
                raise ValueError("the reader is closed")
            if self._descriptor is None:
                self._descriptor = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
                if self._pending:
                    self._signal()
            return self._descriptor

    @property
    def closed(self) -> bool:
        """Whether no event will come any more."""
        return self._closed

    def close(self) -> None:
        """Wake who waits and give the file descriptor back."""
        with self._arrival:
            self._closed = True
            if self._descriptor is not None:
                os.close(self._descriptor)
                self._descriptor = None
            self._arrival.notify_all()

    def _signal(self) -> None:
        if self._descriptor is not None:
            os.eventfd_write(self._descriptor, 1)

    def _acknowledge(self) -> None:
        if self._descriptor is not None:
            try:
                os.eventfd_read(self._descriptor)
            except BlockingIOError:
                return

    def lookup(self, key: bytes) -> bytearray | None:
        """An event map has no entries."""
        return None

    def update(self, key: bytes, value: bytes, flags: UpdateFlags) -> int:
        """An event map has no entries."""
        return -EINVAL

    def delete(self, key: bytes) -> int:
        """An event map has no entries."""
        return -EOPNOTSUPP
