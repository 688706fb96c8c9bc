"""Events of a perf event array map: one buffer for each CPU (Linux 4.4, kernel/events/ring_buffer.c)."""

from __future__ import annotations

import errno
import struct
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from types import TracebackType
from typing import Generic, Self, TypeVar

from osmia.errors import KernelError, MalformedError, UsageError
from osmia.loader.codec import Codec, decode_event
from osmia.loader.map_object import MapObject
from osmia.loader.permission import refused_perf
from osmia.loader.waiting import Waiter
from osmia.sys import Descriptor, Kernel
from osmia.uapi import MapType, PerfRecord, PerfSamples, PerfSoftware, PerfType
from osmia.uapi.layout import offset_of
from osmia.uapi.records import PerfBufferPage, PerfEventAttributes

T = TypeVar("T")
_HEADER = struct.Struct("<IHH")
_SIZE = struct.Struct("<I")
_LOST = struct.Struct("<QQ")
_PAGES = 64
_LONGEST_DELAY = 0.1


class _CpuBuffer:
    """One CPU's buffer: a page with positions, then `size` bytes of records, a power of two."""

    def __init__(self, kernel: Kernel, cpu: int, pages: int, wake_bytes: int, resources: ExitStack) -> None:
        attributes = PerfEventAttributes(
            type=PerfType.SOFTWARE,
            config=PerfSoftware.BPF_OUTPUT,
            sample_type=PerfSamples.RAW,
            sample_period=1,
        )
        if wake_bytes:
            attributes.watermark = 1
            attributes.wakeup_watermark = wake_bytes
        else:
            attributes.wakeup_events = 1
        fd = kernel.perf_event_open(attributes, cpu)
        self.descriptor = resources.enter_context(Descriptor(kernel, fd, f"perf buffer of CPU {cpu}"))
        page = kernel.page_size()
        self._size = pages * page
        memory = kernel.memory_map(fd, page + self._size, writable=True)
        resources.callback(memory.close)
        view = memoryview(memory)
        self._head = view[offset_of(PerfBufferPage, "data_head") :][:8].cast("Q")
        self._tail = view[offset_of(PerfBufferPage, "data_tail") :][:8].cast("Q")
        self._data = view[page:]
        for part in (view, self._data, self._tail, self._head):
            resources.callback(part.release)
        self._kernel = kernel
        kernel.perf_event_enable(fd)

    def _bytes(self, position: int, length: int) -> bytes:
        """`length` bytes; they may begin again at the front."""
        start = position & (self._size - 1)
        first = bytes(self._data[start : min(start + length, self._size)])
        return first + bytes(self._data[: length - len(first)])

    def take(self, event: Callable[[bytes], None]) -> int:
        """Hand all records that are there to `event`; gives back how many events found no room before."""
        position, end = self._tail[0], self._head[0]
        self._kernel.memory_barrier()
        if end - position > self._size:
            raise MalformedError("perf buffer", f"positions {position} and {end} do not fit its size")
        lost = 0
        while position < end:
            kind, _, length = _HEADER.unpack(self._bytes(position, _HEADER.size))
            if length < _HEADER.size or length > end - position:
                raise MalformedError("perf buffer", f"a record of {length} bytes", position)
            record = self._bytes(position + _HEADER.size, length - _HEADER.size)
            if kind == PerfRecord.LOST and len(record) >= _LOST.size:
                lost += _LOST.unpack_from(record)[1]
            elif kind == PerfRecord.SAMPLE and len(record) >= _SIZE.size:
                (size,) = _SIZE.unpack_from(record)
                event(record[_SIZE.size : _SIZE.size + size])
            position += length
        self._kernel.memory_barrier()
        self._tail[0] = position
        return lost


class PerfBufferReader(Generic[T]):
    """Takes events out of all CPUs' buffers: in order for one CPU, in no order between them.

    `pages` is the size of each buffer, a power of two. A wake-up costs several microseconds, so the kernel
    makes one only when `wake_bytes` of events wait (0: for each event); `read` looks by itself ten times a
    second, so that no event waits longer. Waiting on `fileno` alone sees the kernel's wake-ups only.

    An event may come with up to 7 bytes more than it was sent with; a codec's size cuts them off,
    `EventBytes` does not.

    Raises:
        PermissionDeniedError: CAP_PERFMON is missing.
    """

    def __init__(
        self,
        map_object: MapObject,
        event: Codec[T],
        *,
        pages: int = _PAGES,
        wake_bytes: int | None = None,
    ) -> None:
        if map_object.spec.type != MapType.PERF_EVENT_ARRAY:
            raise UsageError(f"map {map_object.name!r} is a {map_object.spec.type.name} map")
        if pages < 1 or pages & (pages - 1):
            raise UsageError(f"{pages} pages", "give a power of two")
        self.map_object = map_object
        self._event = event
        self._lost = 0
        kernel = map_object.kernel
        if wake_bytes is None:
            wake_bytes = pages * kernel.page_size() // 8
        with ExitStack() as resources:
            self._buffers = [self._open(cpu, pages, wake_bytes, resources) for cpu in kernel.online_cpus()]
            fds = [buffer.descriptor.fileno() for buffer in self._buffers]
            self._waiter = Waiter(kernel, fds, longest_wait=_LONGEST_DELAY)
            resources.callback(self._waiter.close)
            self._resources = resources.pop_all()

    def _open(self, cpu: int, pages: int, wake_bytes: int, resources: ExitStack) -> _CpuBuffer:
        kernel = self.map_object.kernel
        try:
            buffer = _CpuBuffer(kernel, cpu, pages, wake_bytes, resources)
        except KernelError as error:
            if error.errno in (errno.EPERM, errno.EACCES):
                raise refused_perf(kernel) from None
            raise
        fd = buffer.descriptor.fileno().to_bytes(4, "little")
        kernel.map_update(self.map_object.fileno(), cpu.to_bytes(4, "little"), fd)
        return buffer

    @property
    def lost(self) -> int:
        """Events that found no room, as far as the kernel told until the last `read`.

        The kernel tells of a loss with the next event that finds room.
        """
        return self._lost

    def fileno(self) -> int:
        """A descriptor that is readable while enough events wait, for selectors and event loops."""
        return self._waiter.fileno()

    def read(self, timeout: float | None = None) -> list[T]:
        """All events that wait, after up to `timeout` seconds until there is one (None: no limit)."""
        return self._waiter.read(self._take, timeout)

    def __iter__(self) -> Iterator[T]:
        """Wait for events, one by one, without end."""
        while True:
            yield from self.read()

    def _take(self) -> list[T]:
        taken: list[bytes] = []
        for buffer in self._buffers:
            self._lost += buffer.take(taken.append)
        return [decode_event(self._event, data) for data in taken]

    def close(self) -> None:
        """Close the buffers; a second call does nothing."""
        self._resources.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
