"""Buffers of events for user space, as kernel functions see them: ring buffers and perf event arrays."""

from __future__ import annotations

from typing import Any, Generic, TypeVar, cast, overload

from osmia.errors import UsageError
from osmia.lang.integers import Integer
from osmia.lang.maps import Map
from osmia.lang.memory import Aggregate, Buffer, size_of
from osmia.lang.pointers import Pointer
from osmia.lang.runtime import current_runtime
from osmia.lang.tagged import TAG_BYTES, TaggedCodec, codec_of
from osmia.uapi import MapType, RingBufFlags

__all__ = ["EventMap", "PerfEventArray", "RingBuf"]

E = TypeVar("E")
I = TypeVar("I", bound=Integer | bool)  # noqa: E741
A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
D = TypeVar("D")

KERNEL_WAKES = RingBufFlags(0)
"""No flags: the kernel wakes a reader that has read all before."""


class EventMap(Map):
    """Base of the buffers: which classes their events have."""

    def __init__(self, events: tuple[type[Any], ...], max_entries: int) -> None:
        super().__init__(None, events[0], max_entries)
        self.events = events
        self.codec = codec_of(events)
        """Bytes to events and back, as both sides see them."""

    @property
    def tag_bytes(self) -> int:
        """Bytes before each event that say of which class it is; none where there is one class only."""
        return TAG_BYTES if isinstance(self.codec, TaggedCodec) else 0

    def __repr__(self) -> str:
        names = ", ".join(each.__name__ for each in self.events)
        return f"{type(self).__name__}({names}, max_entries={self.max_entries})"


class PerfEventArray(EventMap, Generic[E]):
    """BPF_MAP_TYPE_PERF_EVENT_ARRAY: events to user space, one buffer for each processor. Since Linux 4.3.

    Events may be of several classes, as in a `RingBuf`.
    """

    map_type = MapType.PERF_EVENT_ARRAY

    @overload
    def __init__(self, event: type[E], /) -> None: ...
    @overload
    def __init__(self: PerfEventArray[A | B], event: type[A], second: type[B], /) -> None: ...
    @overload
    def __init__(
        self: PerfEventArray[A | B | C], event: type[A], second: type[B], third: type[C], /
    ) -> None: ...
    @overload
    def __init__(
        self: PerfEventArray[A | B | C | D],
        event: type[A],
        second: type[B],
        third: type[C],
        fourth: type[D],
        /,
    ) -> None: ...
    def __init__(self, event: type[Any], /, *more: type[Any]) -> None:
        super().__init__((event, *more), 1)

    def output(self, ctx: object, event: E) -> None:
        """Send an event; what finds no room is counted as lost."""
        self._storage().output(self.codec.encode(event))


class RingBuf(EventMap, Generic[E]):
    """BPF_MAP_TYPE_RINGBUF: events to user space in one buffer, in order. Since Linux 5.8.

    `byte_size` is a power of two and a multiple of the page size. An event is written where the reader finds
    it (kernel/bpf/ringbuf.c), or built elsewhere and copied with `output`:

        event = ring.reserve()
        if event is None:          # no room; the loss is counted in `bpf[ring].lost`
            return 0
        event.pid = ctx.pid
        ring.submit(event)

    What was reserved is submitted or discarded once on every way, or the program is not compiled.

    Events of up to four classes share a buffer, `RingBuf(Opened, Closed, byte_size=…)`, and `reserve(Opened)`
    says which one is meant. A u64 before each, its class's place from 1 on, tells the reader.
    """

    map_type = MapType.RINGBUF

    @overload
    def __init__(self, event: type[E], /, *, byte_size: int) -> None: ...
    @overload
    def __init__(self: RingBuf[A | B], event: type[A], second: type[B], /, *, byte_size: int) -> None: ...
    @overload
    def __init__(
        self: RingBuf[A | B | C], event: type[A], second: type[B], third: type[C], /, *, byte_size: int
    ) -> None: ...
    @overload
    def __init__(
        self: RingBuf[A | B | C | D],
        event: type[A],
        second: type[B],
        third: type[C],
        fourth: type[D],
        /,
        *,
        byte_size: int,
    ) -> None: ...
    def __init__(self, event: type[Any], /, *more: type[Any], byte_size: int) -> None:
        if byte_size < 4096 or byte_size & (byte_size - 1):
            raise ValueError(f"byte_size must be a power of two of at least 4096, not {byte_size}")
        super().__init__((event, *more), byte_size)

    def output(self, event: E, flags: RingBufFlags = KERNEL_WAKES) -> bool:
        """Send a copy of an event; False where there was no room, which is counted as lost."""
        return self._storage().output(self.codec.encode(event)) == 0

    @overload
    def reserve(self: RingBuf[I]) -> Pointer[I] | None: ...
    @overload
    def reserve(self) -> E | None: ...
    @overload
    def reserve(self, event: type[A]) -> A | None: ...
    def reserve(self, event: Any = None) -> object:
        """Room for an event, zeroed; None where there is none, which is counted as lost.

        `event` is its class, where the buffer has several. The reader waits for it, and for all events
        behind it, until it is submitted or discarded.
        """
        event_class = cast("type[Any]", self.events[0] if event is None else event)
        if event_class not in self.events or (event is None and len(self.events) > 1):
            names = " or ".join(f"reserve({each.__name__})" for each in self.events)
            raise UsageError(f"{event!r} is no class of this buffer", f"write {names}")
        tag = self.tag_bytes
        room = current_runtime().events(self).reserve(tag + size_of(event_class))
        if room is None:
            return None
        if isinstance(self.codec, TaggedCodec):
            room[:tag] = self.codec.tag_of(event_class).to_bytes(tag, "little")
        return (
            event_class.view(room, tag) if issubclass(event_class, Aggregate) else Pointer(event_class, room)
        )

    @overload
    def submit(self: RingBuf[I], event: Pointer[I], flags: RingBufFlags = KERNEL_WAKES) -> None: ...
    @overload
    def submit(self, event: E, flags: RingBufFlags = KERNEL_WAKES) -> None: ...
    def submit(self, event: object, flags: RingBufFlags = KERNEL_WAKES) -> None:
        """Hand a reserved event to the reader; it must not be used after.

        `flags` say whether the reader is woken: never, always, or by default when it has read all before.
        """
        current_runtime().events(self).submit(memory_of(event))

    @overload
    def discard(self: RingBuf[I], event: Pointer[I], flags: RingBufFlags = KERNEL_WAKES) -> None: ...
    @overload
    def discard(self, event: E, flags: RingBufFlags = KERNEL_WAKES) -> None: ...
    def discard(self, event: object, flags: RingBufFlags = KERNEL_WAKES) -> None:
        """Give the room of a reserved event back; the reader never sees it."""
        current_runtime().events(self).discard(memory_of(event))


def memory_of(event: object) -> Buffer:
    """The memory of an event that was reserved: the buffer of the struct or of the `Pointer`."""
    if not isinstance(event, Aggregate | Pointer):
        raise UsageError(f"{event!r} was not reserved", "send it with `output`")
    return cast("Aggregate", event)._buffer  # pyright: ignore[reportPrivateUsage] - of its own room
