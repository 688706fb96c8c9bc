"""Events of a BPF ring buffer map (Linux 5.8, kernel/bpf/ringbuf.c)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Generic, Self, TypeVar

from osmia.errors import MalformedError, UsageError
from osmia.loader.codec import Codec, decode_event
from osmia.loader.map_object import MapObject
from osmia.loader.waiting import Waiter
from osmia.uapi import MapType, RingBufferFlags

T = TypeVar("T")
_RECORD_HEADER = 8
_LENGTH_MASK = RingBufferFlags.BUSY_BIT - 1 & ~RingBufferFlags.DISCARD_BIT


class RingBufferReader(Generic[T]):
    """Takes events out of a ring buffer, in the order in which programs reserved them.

    One reader for a map: its position is shared by all. The kernel does not count events that found no
    room; `lost` asks `count_lost` for what the programs counted themselves. `EventBytes` as `event` gives
    events as bytes.
    """

    def __init__(
        self, map_object: MapObject, event: Codec[T], *, count_lost: Callable[[], int] = lambda: 0
    ) -> None:
        if map_object.spec.type != MapType.RINGBUF:
            raise UsageError(f"map {map_object.name!r} is a {map_object.spec.type.name} map")
        self.map_object = map_object
        self._event = event
        self._count_lost = count_lost
        kernel, fd = map_object.kernel, map_object.fileno()
        page, self._size = kernel.page_size(), map_object.spec.max_entries
        self._kernel = kernel
        self._consumer_memory = kernel.memory_map(fd, page, writable=True)
        self._producer_memory = kernel.memory_map(fd, page + 2 * self._size, offset=page)
        self._consumer = memoryview(self._consumer_memory)[:8].cast("Q")
        self._producer = memoryview(self._producer_memory)[:8].cast("Q")
        # The data pages are mapped twice in a row, so that no record breaks at the end.
        self._data = memoryview(self._producer_memory)[page:]
        self._waiter = Waiter(kernel, (fd,))

    @property
    def lost(self) -> int:
        """Events that found no room, as the programs counted them; 0 where they do not count."""
        return self._count_lost()

    def fileno(self) -> int:
        """A descriptor that is readable while events wait, for selectors and event loops."""
        return self._waiter.fileno()

    def read(self, timeout: float | None = None) -> list[T]:
        """All events that wait, after up to `timeout` seconds until there is one (None: no limit)."""
        return self._waiter.read(self._take, timeout)

    def __iter__(self) -> Iterator[T]:
        """Wait for events, one by one, without end."""
        while True:
            yield from self.read()

    def _take(self) -> list[T]:
        """All events that are complete now; they are copied and their room is given back."""
        events: list[T] = []
        position, end = self._consumer[0], self._producer[0]
        self._kernel.memory_barrier()
        if end - position > self._size:
            raise MalformedError("ring buffer", f"positions {position} and {end} do not fit its size")
        while position < end:
            start = position & (self._size - 1)
            header = int.from_bytes(self._data[start : start + 4], "little")
            if header & RingBufferFlags.BUSY_BIT:
                break
            length = header & _LENGTH_MASK
            stride = (length + _RECORD_HEADER + 7) & ~7
            if stride > end - position:
                raise MalformedError("ring buffer", f"a record of {length} bytes", position)
            if not header & RingBufferFlags.DISCARD_BIT:
                self._kernel.memory_barrier()
                begin = start + _RECORD_HEADER
                events.append(decode_event(self._event, bytes(self._data[begin : begin + length])))
            position += stride
        if position != self._consumer[0]:
            self._kernel.memory_barrier()
            self._consumer[0] = position
        return events

    def close(self) -> None:
        """Give the mappings back; a second call does nothing."""
        for view in (self._consumer, self._producer, self._data):
            view.release()
        self._consumer_memory.close()
        self._producer_memory.close()
        self._waiter.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
