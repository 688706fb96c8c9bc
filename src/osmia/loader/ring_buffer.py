"""Events of a BPF ring buffer map (Linux 5.8, kernel/bpf/ringbuf.c)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TypeVar

from osmia.errors import MalformedError, UsageError
from osmia.loader.codec import EventCodec
from osmia.loader.event_reader import BufferReader
from osmia.loader.map_object import MapObject
from osmia.loader.record_run import RecordMemory, Run, equal_words
from osmia.loader.waiting import Waiter
from osmia.sys import Kernel
from osmia.uapi import MapType, RingBufferFlags

T = TypeVar("T")
_RECORD_HEADER = 8
# Plain integers: operators of enumerations are slow.
_BUSY = int(RingBufferFlags.BUSY_BIT)
_DISCARD = int(RingBufferFlags.DISCARD_BIT)
_LENGTH_MASK = (_BUSY - 1) & ~_DISCARD


class RingMemory:
    """The consumer's page, the producer's page, and the data, mapped twice in a row: no record breaks."""

    def __init__(self, kernel: Kernel, fd: int, size: int) -> None:
        """`size` is that of the data, a power of two."""
        page = kernel.page_size()
        self._kernel = kernel
        self._size = size
        self._consumer_memory = kernel.memory_map(fd, page, writable=True)
        self._producer_memory = kernel.memory_map(fd, page + 2 * size, offset=page)
        self.consumed = memoryview(self._consumer_memory)[:8].cast("Q")
        self._produced = memoryview(self._producer_memory)[:8].cast("Q")
        self._data = memoryview(self._producer_memory)[page:]
        self._words = self._data.cast("I")

    @property
    def unread(self) -> int:
        """Bytes of records that are there now, perhaps not complete."""
        position, end = self.consumed[0], self._produced[0]
        if not 0 <= end - position <= self._size or position % 8 or end % 8:
            raise MalformedError("ring buffer", f"positions {position} and {end} do not fit its size")
        return int(end - position)

    def runs(self, most: int) -> Iterator[Run]:
        """The records that are complete, up to the first one that a program still writes."""
        position = self.consumed[0]
        end = position + self.unread
        self._kernel.memory_barrier()
        while position < end:
            start = position & (self._size - 1)
            header = self._words[start // 4]
            if header & _BUSY:
                return
            length = header & _LENGTH_MASK
            stride = (length + _RECORD_HEADER + 7) & ~7
            if stride > end - position:
                raise MalformedError("ring buffer", f"a record of {length} bytes", position)
            # The flags stand in the same word: a busy or a discarded record ends a run of complete ones.
            count = max(1, min(end - position, most) // stride)
            count = equal_words(self._words, start // 4, stride // 4, count)
            self._kernel.memory_barrier()
            position += count * stride
            events = 0 if header & _DISCARD else count
            yield Run(self._data, start + _RECORD_HEADER, stride, events, length, position)

    def close(self) -> None:
        """Give the mappings back; one that a borrowed view still shows goes with that view."""
        for view in (self.consumed, self._produced, self._words, self._data):
            with suppress(BufferError):
                view.release()
        for memory in (self._consumer_memory, self._producer_memory):
            with suppress(BufferError):
                memory.close()


class RingBufferReader(BufferReader[T]):
    """Takes events out of a ring buffer, in the order in which programs reserved them.

    One reader for a map: its position is shared by all. The kernel does not count events that found no
    room; `lost` asks `count_lost` for what the programs counted themselves. `EventBytes` as `event` gives
    events as bytes.

    The kernel wakes for an event when all before it were read, so that a busy reader is not woken. With a
    `delay` it does not wake at all: the reader looks once in `delay` seconds, and the ring must have room
    for what comes meanwhile.
    """

    def __init__(
        self,
        map_object: MapObject,
        event: EventCodec[T],
        *,
        delay: float = 0,
        count_lost: Callable[[], int] = lambda: 0,
    ) -> None:
        if map_object.spec.type != MapType.RINGBUF:
            raise UsageError(f"map {map_object.name!r} is a {map_object.spec.type.name} map")
        if delay < 0:
            raise UsageError(f"a delay of {delay} seconds", "give 0 to be woken for each event")
        kernel, fd = map_object.kernel, map_object.fileno()
        super().__init__(kernel, event, Waiter(kernel, () if delay else (fd,), interval=delay))
        self.map_object = map_object
        self._count_lost = count_lost
        try:
            self._memory = RingMemory(kernel, fd, map_object.spec.max_entries)
        except BaseException:
            super().close()
            raise

    @property
    def lost(self) -> int:
        """Events that found no room, as the programs counted them; 0 where they do not count."""
        return self._count_lost()

    def close(self) -> None:
        """Give the mappings back; a second call does nothing."""
        if not self.closed:
            self._memory.close()
        super().close()

    def _memories(self) -> tuple[RecordMemory, ...]:
        return (self._memory,)
