"""The perf buffer of one CPU (kernel/events/ring_buffer.c): a page with positions, then records."""

from __future__ import annotations

import errno
import struct
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress

from osmia.errors import KernelError, MalformedError
from osmia.loader.record_run import Run, equal_words
from osmia.sys import Descriptor, Kernel
from osmia.uapi import PerfReading, PerfRecord, PerfSamples, PerfSoftware, PerfType
from osmia.uapi.layout import offset_of
from osmia.uapi.records import PerfBufferPage, PerfEventAttributes

_HEADER = struct.Struct("<IHH")
_SIZE = struct.Struct("<I")
_TIME_SIZE = 8
_LOST = struct.Struct("<QQ")
_COUNT_AND_LOST = struct.Struct("<QQ")


class CpuBuffer:
    """`pages` of records, a power of two; it wakes at `wake_bytes` (0: for each event)."""

    def __init__(self, kernel: Kernel, cpu: int, *, pages: int, wake_bytes: int, with_time: bool) -> None:
        """Raises KernelError: ENODEV where the CPU is offline."""
        self.cpu = cpu
        self._kernel = kernel
        self._prefix = _HEADER.size + (_TIME_SIZE if with_time else 0) + _SIZE.size
        self._reported = 0
        self._reported_until = 0
        attributes = _attributes(wake_bytes, with_time)
        with ExitStack() as resources:
            self.counts_losses = True
            try:
                fd = kernel.perf_event_open(attributes, cpu)
            except KernelError as error:
                if error.errno != errno.EINVAL:
                    raise
                self.counts_losses = False
                attributes.read_format = 0
                fd = kernel.perf_event_open(attributes, cpu)
            self._descriptor = resources.enter_context(Descriptor(kernel, fd, f"perf buffer of CPU {cpu}"))
            page = kernel.page_size()
            self._size = pages * page
            self._memory = kernel.memory_map(fd, page + self._size, writable=True)
            view = memoryview(self._memory)
            self._produced = view[offset_of(PerfBufferPage, "data_head") :][:8].cast("Q")
            self.consumed = view[offset_of(PerfBufferPage, "data_tail") :][:8].cast("Q")
            self._data = view[page:].toreadonly()
            self._headers = self._data.cast("Q")
            self._sizes = self._data.cast("I")
            self._views = (self._headers, self._sizes, self._data, self.consumed, self._produced, view)
            resources.callback(self._unmap)
            kernel.perf_event_enable(fd)
            self._resources = resources.pop_all()

    def fileno(self) -> int:
        """The perf event's descriptor."""
        return self._descriptor.fileno()

    @property
    def lost(self) -> int:
        """Events that found no room: all of them since Linux 6.0, before that those the kernel has told of.

        An old kernel tells of a loss with the next event that finds room.
        """
        if not self.counts_losses:
            return self._reported
        reading = self._kernel.read(self.fileno(), _COUNT_AND_LOST.size)
        return int(_COUNT_AND_LOST.unpack(reading)[1])

    @property
    def unread(self) -> int:
        """Bytes of records that are there now."""
        position, end = self.consumed[0], self._produced[0]
        if not 0 <= end - position <= self._size or position % 8 or end % 8:
            raise MalformedError("perf buffer", f"positions {position} and {end} do not fit its size")
        return int(end - position)

    def runs(self, most: int) -> Iterator[Run]:
        """The records that are there now."""
        position = self.consumed[0]
        end = position + self.unread
        self._kernel.memory_barrier()
        while position < end:
            start = position & (self._size - 1)
            # A record is a multiple of 8 bytes, so that its header never breaks at the end.
            kind, _, stride = _HEADER.unpack_from(self._data, start)
            if stride < _HEADER.size or stride % 8 or stride > end - position:
                raise MalformedError("perf buffer", f"a record of {stride} bytes", position)
            if kind == PerfRecord.SAMPLE:
                run = self._samples(position, stride, min(end - position, max(most, stride)))
            else:
                if kind == PerfRecord.LOST and stride >= _HEADER.size + _LOST.size:
                    self._report(position, self._record(position, stride))
                run = Run(self._data, start, stride, 0, 0, position + stride)
            position = run.end
            yield run

    def close(self) -> None:
        """Close the event; what a borrowed view still shows goes with that view."""
        self._resources.close()

    def _samples(self, position: int, stride: int, most: int) -> Run:
        """Samples of one length, in `most` bytes from `position` on, or the one that breaks at the end."""
        if stride < self._prefix:
            raise MalformedError("perf buffer", f"a sample of {stride} bytes", position)
        start = position & (self._size - 1)
        count = min(most, self._size - start) // stride
        data: memoryview | bytes = self._data
        if count:
            count = equal_words(self._headers, start // 8, stride // 8, count)
            count = equal_words(self._sizes, (start + self._prefix) // 4 - 1, stride // 4, count)
        else:
            data, start, count = self._record(position, stride), 0, 1
        start += self._prefix
        (length,) = _SIZE.unpack_from(data, start - _SIZE.size)
        if length > stride - self._prefix:
            raise MalformedError(
                "perf buffer", f"an event of {length} bytes in a record of {stride}", position
            )
        self._kernel.memory_barrier()
        return Run(data, start, stride, count, length, position + count * stride)

    def _report(self, position: int, record: bytes) -> None:
        """Count what a record says was lost, once, however often it is looked at."""
        if position >= self._reported_until:
            _, lost = _LOST.unpack_from(record, _HEADER.size)
            self._reported_until = position + 1
            self._reported += lost

    def _record(self, position: int, length: int) -> bytes:
        """A record in one piece; it may begin again at the front."""
        start = position & (self._size - 1)
        first = bytes(self._data[start : start + length])
        return first + bytes(self._data[: length - len(first)])

    def _unmap(self) -> None:
        for view in self._views:
            with suppress(BufferError):
                view.release()
        with suppress(BufferError):
            self._memory.close()


def _attributes(wake_bytes: int, with_time: bool) -> PerfEventAttributes:
    attributes = PerfEventAttributes(
        type=PerfType.SOFTWARE,
        config=PerfSoftware.BPF_OUTPUT,
        sample_type=PerfSamples.RAW | (PerfSamples.TIME if with_time else 0),
        sample_period=1,
        read_format=PerfReading.LOST,
    )
    if with_time:
        # The clock of bpf_ktime_get_ns, the same on all CPUs.
        attributes.use_clockid = 1
        attributes.clockid = time.CLOCK_MONOTONIC
    if wake_bytes:
        attributes.watermark = 1
        attributes.wakeup_watermark = wake_bytes
    else:
        attributes.wakeup_events = 1
    return attributes
