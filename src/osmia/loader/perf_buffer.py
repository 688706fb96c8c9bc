"""Events of a perf event array map: one buffer for each CPU (Linux 4.4)."""

from __future__ import annotations

import errno
import time
from contextlib import ExitStack
from typing import TypeVar

from osmia.errors import KernelError, UsageError
from osmia.loader.codec import EventCodec
from osmia.loader.cpu_buffer import CpuBuffer
from osmia.loader.event_reader import BufferReader
from osmia.loader.map_object import MapObject
from osmia.loader.permission import refused_perf
from osmia.loader.record_run import RecordMemory
from osmia.loader.waiting import Waiter
from osmia.uapi import MapType

T = TypeVar("T")
_PAGES = 64
_DELAY = 0.1
_LOOK_FOR_CPUS = 0.25
"""Seconds after which the reader looks which CPUs are online."""


class PerfBufferReader(BufferReader[T]):
    """Takes events out of all CPUs' buffers: in order for one CPU, between them only with `by_time`.

    `pages` is the size of each buffer, a power of two. A wake-up costs several microseconds, so the kernel
    makes one only when `wake_bytes` of events wait (None: an eighth of the buffer; 0: one for each event);
    the reader looks by itself once in `delay` seconds, so that no event waits longer. With `by_time` events
    are held back for 10 ms and sorted by the time at which they were sent.

    A CPU that comes online gets its buffer at the next look, at the latest 0.25 s later; what is sent there
    before goes to no buffer, and only the program sees that.

    An event may come with up to 7 bytes more than it was sent with; a type's size cuts them off,
    `EventBytes` does not.

    Raises:
        PermissionDeniedError: CAP_PERFMON is missing.
        UsageError: numbers that cannot be.
    """

    def __init__(
        self,
        map_object: MapObject,
        event: EventCodec[T],
        *,
        pages: int = _PAGES,
        wake_bytes: int | None = None,
        delay: float = _DELAY,
        by_time: bool = False,
    ) -> None:
        if map_object.spec.type != MapType.PERF_EVENT_ARRAY:
            raise UsageError(f"map {map_object.name!r} is a {map_object.spec.type.name} map")
        if pages < 1 or pages & (pages - 1):
            raise UsageError(f"{pages} pages", "give a power of two")
        kernel = map_object.kernel
        size = pages * kernel.page_size()
        wake_bytes = size // 8 if wake_bytes is None else wake_bytes
        if not 0 <= wake_bytes <= size:
            raise UsageError(f"a wake-up at {wake_bytes} bytes", f"the buffer has {size}")
        if not delay > 0:
            raise UsageError(f"a delay of {delay} seconds", "give wake_bytes=0 to be woken for each event")
        super().__init__(kernel, event, Waiter(kernel, (), interval=delay), by_time=by_time)
        self.map_object = map_object
        self._pages = pages
        self._wake_bytes = wake_bytes
        self._online: frozenset[int] = frozenset()
        self._buffers: dict[int, CpuBuffer] = {}
        self._lost_before = 0
        with ExitStack() as undo:
            undo.callback(self.close)
            self._look_for_cpus()
            undo.pop_all()

    @property
    def lost(self) -> int:
        """Events that found no room, since the start.

        Before Linux 6.0 as far as the kernel told until the last reading: it tells of a loss with the next
        event that finds room.
        """
        if self.closed:
            return self._lost_before
        return self._lost_before + sum(buffer.lost for buffer in self._buffers.values())

    def close(self) -> None:
        """Close the buffers; a second call does nothing."""
        if not self.closed:
            self._lost_before = self.lost
        for buffer in self._buffers.values():
            buffer.close()
        super().close()

    def _memories(self) -> tuple[RecordMemory, ...]:
        if time.monotonic() >= self._next_look:
            self._look_for_cpus()
        return tuple(self._buffers.values())

    def _look_for_cpus(self) -> None:
        """Open buffers for the CPUs that came online: an event does not survive that its CPU goes."""
        self._next_look = time.monotonic() + _LOOK_FOR_CPUS
        online = frozenset(self._kernel.online_cpus())
        for cpu in sorted(online - self._online):
            self._open(cpu)
        self._online = online

    def _open(self, cpu: int) -> None:
        earlier = self._buffers.get(cpu)
        if earlier is not None:
            self._drain(earlier)
        try:
            buffer = CpuBuffer(
                self._kernel,
                cpu,
                pages=self._pages,
                wake_bytes=self._wake_bytes,
                with_time=self._by_time,
            )
        except KernelError as error:
            if error.errno == errno.ENODEV:
                return
            if error.errno in (errno.EPERM, errno.EACCES):
                raise refused_perf(self._kernel) from None
            raise
        self._buffers[cpu] = buffer
        if earlier is not None:
            self._lost_before += earlier.lost
            earlier.close()
        self._waiter.add(buffer.fileno())
        fd = buffer.fileno().to_bytes(4, "little")
        self._kernel.map_update(self.map_object.fileno(), cpu.to_bytes(4, "little"), fd)
