"""Ring and perf buffers in ordinary memory, written record by record as the kernel does, or worse."""

from __future__ import annotations

import errno
import mmap
import os
import select
import struct
from dataclasses import dataclass, field

from osmia.errors import KernelError
from osmia.loader import MapObject, create_map
from osmia.loader.specification import MapSpec
from osmia.sys import Kernel
from osmia.uapi import MapType, PerfRecord, RingBufferFlags
from osmia.uapi.layout import offset_of
from osmia.uapi.records import PerfBufferPage, PerfEventAttributes
from tests.builders.fake_kernel import FakeKernel

PAGE = 4096
_HEAD = offset_of(PerfBufferPage, "data_head")
_TAIL = offset_of(PerfBufferPage, "data_tail")


@dataclass
class EventKernel(FakeKernel):
    """A kernel whose buffers the test fills; perf events are eventfds, so that they can be waited for."""

    online: tuple[int, ...] = (0,)
    has_lost_count: bool = True
    lost: dict[int, int] = field(default_factory=dict[int, int])
    """Events lost by CPU, as read(2) of the perf event tells."""
    memories: dict[tuple[int, int], mmap.mmap] = field(default_factory=dict[tuple[int, int], mmap.mmap])
    events: dict[int, int] = field(default_factory=dict[int, int])
    """CPU of each open perf event."""
    attributes: list[PerfEventAttributes] = field(default_factory=list[PerfEventAttributes])

    def online_cpus(self) -> tuple[int, ...]:
        return self.online

    def perf_event_open(self, attributes: PerfEventAttributes, cpu: int, pid: int = -1) -> int:
        self._call("perf_event_open")
        if attributes.read_format and not self.has_lost_count:
            raise KernelError(errno.EINVAL, "unknown read format")
        self.attributes.append(attributes)
        fd = os.eventfd(0)
        self.events[fd] = cpu
        return fd

    def perf_event_enable(self, fd: int) -> None:
        assert fd in self.events

    def read(self, fd: int, length: int) -> bytes:
        if fd in self.events:
            return struct.pack("<QQ", 0, self.lost.get(self.events[fd], 0))
        return super().read(fd, length)

    def epoll(self, *fds: int) -> select.epoll:
        return super().epoll(*(fd for fd in fds if fd not in self.open))

    def memory_map(self, fd: int, length: int, *, offset: int = 0, writable: bool = False) -> mmap.mmap:
        self.memories[fd, offset] = memory = mmap.mmap(-1, length)
        return memory

    def close(self, fd: int) -> None:
        if fd in self.open:
            super().close(fd)
        else:
            self.events.pop(fd, None)
            Kernel.close(self, fd)

    def ring(self, size: int = PAGE) -> MapObject:
        """A ring buffer map."""
        return create_map(self, MapSpec("ring", MapType.RINGBUF, 0, 0, size))

    def perf_array(self) -> MapObject:
        """A perf event array map."""
        return create_map(self, MapSpec("perf", MapType.PERF_EVENT_ARRAY, 4, 4, self.cpus))

    def ring_writer(self, map_object: MapObject) -> RingWriter:
        """The kernel's side of a ring buffer whose reader is open."""
        fd = map_object.fileno()
        return RingWriter(self.memories[fd, 0], self.memories[fd, PAGE], map_object.spec.max_entries)

    def perf_writer(self, cpu: int) -> PerfWriter:
        """The kernel's side of a CPU's newest perf buffer."""
        fd = [fd for fd, each in self.events.items() if each == cpu][-1]
        return PerfWriter(self.memories[fd, 0])


class RingWriter:
    """Writes records into a ring; `positions` may also be set to what no kernel would."""

    def __init__(self, consumer: mmap.mmap, producer: mmap.mmap, size: int) -> None:
        self._consumer = consumer
        self._producer = producer
        self._size = size

    @property
    def consumed(self) -> int:
        return int.from_bytes(self._consumer[:8], "little")

    @consumed.setter
    def consumed(self, position: int) -> None:
        self._consumer[:8] = position.to_bytes(8, "little")

    @property
    def produced(self) -> int:
        return int.from_bytes(self._producer[:8], "little")

    @produced.setter
    def produced(self, position: int) -> None:
        self._producer[:8] = position.to_bytes(8, "little")

    def put(self, data: bytes, *, busy: bool = False, discarded: bool = False) -> int:
        """Append a record and give its position; AssertionError where it has no room."""
        position = self.produced
        record = struct.pack("<II", self._header(len(data), busy, discarded), 0) + data
        record += bytes(-len(record) % 8)
        assert position + len(record) - self.consumed <= self._size
        self.write(position, record)
        self.produced = position + len(record)
        return position

    def finish(self, position: int, length: int) -> None:
        """Submit a busy record."""
        self.write(position, struct.pack("<I", length))

    def write(self, position: int, data: bytes) -> None:
        """Bytes into the data pages, which are seen twice in a row."""
        for place, byte in enumerate(data, position):
            at = PAGE + place % self._size
            self._producer[at] = self._producer[at + self._size] = byte

    @staticmethod
    def _header(length: int, busy: bool, discarded: bool) -> int:
        flags = RingBufferFlags.BUSY_BIT * busy | RingBufferFlags.DISCARD_BIT * discarded
        return length | flags


class PerfWriter:
    """Writes records into a perf buffer."""

    def __init__(self, memory: mmap.mmap) -> None:
        self._memory = memory
        self._size = len(memory) - PAGE

    @property
    def head(self) -> int:
        return int.from_bytes(self._memory[_HEAD : _HEAD + 8], "little")

    @head.setter
    def head(self, position: int) -> None:
        self._memory[_HEAD : _HEAD + 8] = position.to_bytes(8, "little")

    @property
    def tail(self) -> int:
        return int.from_bytes(self._memory[_TAIL : _TAIL + 8], "little")

    @tail.setter
    def tail(self, position: int) -> None:
        self._memory[_TAIL : _TAIL + 8] = position.to_bytes(8, "little")

    def put(self, data: bytes, *, time: int | None = None) -> None:
        """Append a sample; its size is rounded up as the kernel does."""
        size = (len(data) + 4 + 7) // 8 * 8 - 4
        stamp = b"" if time is None else struct.pack("<Q", time)
        self.record(PerfRecord.SAMPLE, stamp + struct.pack("<I", size) + data.ljust(size, b"\0"))

    def put_lost(self, count: int) -> None:
        """Say that `count` events were lost."""
        self.record(PerfRecord.LOST, struct.pack("<QQ", 1, count))

    def record(self, kind: int, body: bytes, *, size: int | None = None) -> None:
        """Append a record; `size` is what its header says, where that is not the truth."""
        header = struct.pack("<IHH", kind, self.head % 3, 8 + len(body) if size is None else size)
        for place, byte in enumerate(header + body, self.head):
            self._memory[PAGE + place % self._size] = byte
        self.head += 8 + len(body)
        assert self.head - self.tail <= self._size

    def scribble(self, data: bytes) -> None:
        """Any bytes at the front of the records."""
        self._memory[PAGE : PAGE + len(data)] = data
