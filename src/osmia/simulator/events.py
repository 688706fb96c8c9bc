"""Events on their way from simulated programs to user space: bounded, what finds no room is counted."""

from __future__ import annotations

import os
import threading
from collections import Counter, deque
from errno import EAGAIN, EINVAL, ENOSPC, EOPNOTSUPP

from osmia.errors import UsageError
from osmia.lang.memory import Buffer
from osmia.lang.runtime import UpdateFlags
from osmia.simulator.storage import Processor

__all__ = ["EventStorage"]

_RING_HEADER = 8

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
        self._arrival = threading.Condition(threading.RLock())
        self._descriptor: int | None = None
        self._closed = False
        self._reserved: list[tuple[memoryview, bytearray, int]] = []
        """Room that programs write in: their view of it, the room itself, what it takes of the buffer."""

    def resize(self, byte_size: int) -> None:
        """Give each buffer another size, in bytes; events that wait stay."""
        with self._arrival:
            self._byte_size = byte_size

    def output(self, data: bytes) -> int:
        """Append an event; -EAGAIN or -ENOSPC where its buffer has no room."""
        # Ring buffer: a header of 8 bytes (kernel/bpf/ringbuf.c). Perf: header and length, 12 bytes.
        header = _RING_HEADER if self._processors is None else 12
        size = (header + len(data) + 7) // 8 * 8
        buffer = 0 if self._processors is None else self._processors.processor
        with self._arrival:
            if not self._take(buffer, size):
                return -EAGAIN if self._processors is None else -ENOSPC
            self._append(buffer, size, data)
        return 0

    def reserve(self, size: int) -> memoryview | None:
        """Zeroed room in a ring buffer; None where there is none."""
        taken = (_RING_HEADER + size + 7) // 8 * 8
        with self._arrival:
            if not self._take(0, taken):
                return None
            room = bytearray(size)
            view = memoryview(room)
            self._reserved.append((view, room, taken))
        return view

    def submit(self, room: Buffer) -> None:
        """Hand reserved room to the reader; the program's view of it ends.

        Events come in the order in which they were submitted: a program that runs here runs alone.
        """
        with self._arrival:
            data, taken = self._release(room)
            self._append(0, taken, data)

    def discard(self, room: Buffer) -> None:
        """Give reserved room back."""
        with self._arrival:
            _, taken = self._release(room)
            self._used[0] -= taken

    def check_released(self) -> None:
        """At the end of a run nothing may be reserved any more.

        Raises:
            UsageError: the program neither submitted nor discarded what it reserved; it is discarded.
        """
        with self._arrival:
            kept = len(self._reserved)
            for view, _, _ in list(self._reserved):
                self.discard(view)
        if kept:
            raise UsageError(
                f"the program kept {kept} reserved event{'s' if kept > 1 else ''} of a ring buffer",
                "call `submit` or `discard` on every way",
            )

    def _take(self, buffer: int, size: int) -> bool:
        if self._closed or self._used[buffer] + size >= self._byte_size:
            self.lost += 1
            return False
        self._used[buffer] += size
        return True

    def _append(self, buffer: int, size: int, data: bytes) -> None:
        self._pending.append((buffer, size, data))
        self._signal()
        self._arrival.notify_all()

    def _release(self, room: Buffer) -> tuple[bytes, int]:
        for position, (view, memory, taken) in enumerate(self._reserved):
            if view is room:
                del self._reserved[position]
                # Whatever the program still does with it is an error from here on.
                view.release()
                return bytes(memory), taken
        raise UsageError(
            "this event is not reserved", "submit or discard what `reserve` of this ring gave, once"
        )

    def read(self, timeout: float | None) -> list[bytes]:
        """All events that wait, after waiting up to `timeout` seconds (None: for ever) for a first one."""
        with self._arrival:
            self._arrival.wait_for(lambda: self._pending or self._closed, timeout)
            events = [data for _, _, data in self._pending]
            self._pending.clear()
            self._used.clear()
            self._used[0] += sum(taken for _, _, taken in self._reserved)
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

    def entries(self) -> list[tuple[bytes, Buffer]]:
        """An event map has no entries."""
        return []

    def lookup(self, key: bytes) -> bytearray | None:
        """An event map has no entries."""
        return None

    def update(self, key: bytes, value: bytes, flags: UpdateFlags) -> int:
        """An event map has no entries."""
        return -EINVAL

    def delete(self, key: bytes) -> int:
        """An event map has no entries."""
        return -EOPNOTSUPP
