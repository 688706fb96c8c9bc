"""Three ways to read events, the same for ring buffers and perf event arrays, loaded and simulated."""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from osmia.errors import UsageError
from osmia.lang.memory import MemoryCodec
from osmia.lang.tagged import Run, TaggedCodec

if TYPE_CHECKING:
    import asyncio

    import numpy

__all__ = ["EventReader", "EventSource"]

E = TypeVar("E")

_TURN = 256
"""Events after which an `async for` lets other tasks run."""


EventCodec = MemoryCodec[E] | TaggedCodec[E]
"""Bytes to events and back; with a tag where they are of several classes."""


class EventSource(Protocol[E]):
    """Where the events come from: a reader of the loader or of the simulator."""

    @property
    def lost(self) -> int: ...

    @property
    def closed(self) -> bool: ...

    def fileno(self) -> int: ...

    def read(self, timeout: float | None = None) -> list[E]: ...

    def read_each(self, timeout: float | None = None) -> Iterator[E] | None: ...

    def read_columns(self, timeout: float | None = None) -> numpy.ndarray[Any, Any]: ...

    def read_runs(self, timeout: float | None = None) -> Sequence[Run]: ...

    def borrow_columns(
        self, timeout: float | None = None
    ) -> AbstractContextManager[numpy.ndarray[Any, Any]]: ...

    def close(self) -> None: ...


class EventReader(Generic[E]):
    """Events of a ring buffer or perf event array, each given once.

    - `for event in reader`, `reader.events(timeout)` or `reader.read(timeout)`: instances;
    - `async for event in reader`: the same under asyncio, on a file descriptor, without a thread;
    - `reader.read_columns(timeout)`: all events that are there as a numpy structured array.

    The ways may be mixed: what a loop has not reached when it is left comes next. A reader that is too
    slow never holds the kernel up: what finds no room is counted in `lost`. It belongs to one thread.
    """

    def __init__(self, source: EventSource[E], codec: EventCodec[E]) -> None:
        self._source = source
        self._codec = codec
        self._undelivered: Iterator[E] = iter(())
        self._waiting: _Wakeup | None = None

    @property
    def lost(self) -> int:
        """Events that found no room, since the start."""
        return self._source.lost

    @property
    def closed(self) -> bool:
        """Whether no event can come any more."""
        return self._source.closed

    def fileno(self) -> int:
        """A file descriptor that is readable when it is time to call `read(0)`, for selectors.

        It may be readable for nothing.
        """
        return self._source.fileno()

    def read(self, timeout: float | None = None) -> list[E]:
        """All events that are there; where there are none, after up to `timeout` seconds (None: no limit).

        Raises:
            MalformedError: events are shorter than their type; the next call gives the others.
        """
        waiting = list(self._undelivered)
        return [*waiting, *self._source.read(0)] if waiting else self._source.read(timeout)

    def read_columns(self, timeout: float | None = None) -> numpy.ndarray[Any, Any]:
        """As `read`, as a structured array with the fields of the event's class.

        It has a name of its own, and is not a mode of `read`, so that both have one type. The array is a
        copy and stays.
        """
        waiting = b"".join(map(self._codec.encode, self._undelivered))
        if not waiting:
            return self._source.read_columns(timeout)
        import numpy

        later = self._source.read_columns(0)
        return numpy.concatenate([numpy.frombuffer(waiting, later.dtype), later])

    def read_columns_by_class(self, timeout: float | None = None) -> dict[type[Any], numpy.ndarray[Any, Any]]:
        """As `read`, as one structured array for each class of events; in each they are in their order.

        Raises:
            MalformedError: an event has the tag of no class; all that was there is dropped.
        """
        if not isinstance(self._codec, TaggedCodec):
            return {self._codec.memory_type: self.read_columns(timeout)}
        waiting: list[Run] = []
        for event in self._undelivered:
            data = bytearray(self._codec.encode(event))
            waiting.append((data, 0, len(data), 1, len(data)))
        return self._codec.columns([*waiting, *self._source.read_runs(0 if waiting else timeout)])

    @contextmanager
    def borrow_columns(self, timeout: float | None = None) -> Generator[numpy.ndarray[Any, Any], None, None]:
        """As `read_columns`, read-only, and for the `with` block only: where possible nothing is copied.

        The array then shows the buffer itself, whose room is given back when the block is left.
        """
        waiting = list(self._undelivered)
        if waiting:
            self._undelivered = iter(waiting)
            yield self.read_columns(0)
            return
        with self._source.borrow_columns(timeout) as columns:
            yield columns

    def events(self, timeout: float | None = None) -> Iterator[E]:
        """One by one, until none has come for `timeout` seconds (None: no limit) or the reader is closed."""
        while True:
            yield from self._undelivered
            if self.closed:
                return
            events = self._source.read_each(timeout)
            if events is not None:
                self._undelivered = events
            elif timeout is not None:
                return

    def __iter__(self) -> Iterator[E]:
        """One by one, without end: until the reader is closed."""
        return self.events()

    async def __aiter__(self) -> AsyncIterator[E]:
        """One by one under asyncio, until the reader is closed; other tasks get their turn.

        Raises:
            UsageError: another task waits for events of this reader.
        """
        import asyncio  # noqa: PLC0415 - at the top it would lengthen every start

        loop = asyncio.get_running_loop()
        given = 0
        while True:
            for event in self._undelivered:
                yield event
                given += 1
                if given % _TURN == 0:
                    await asyncio.sleep(0)
            if self.closed:
                return
            events = self._source.read_each(0)
            if events is None:
                await self._readable(loop)
            else:
                self._undelivered = events
                # Also while events pour in: only a task that awaits can be cancelled, by Ctrl-C too.
                await asyncio.sleep(0)

    def close(self) -> None:
        """End the reading; a task that waits for events wakes, and its loop ends."""
        if self._waiting is not None:
            self._waiting.close()
        self._source.close()

    async def _readable(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._waiting is not None:
            raise UsageError("another task waits for events of this reader", "let one task hand them out")
        self._waiting = _Wakeup(loop, self.fileno())
        try:
            await self._waiting.happened
        finally:
            self._waiting.close()
            self._waiting = None


class _Wakeup:
    """A file descriptor in an event loop, until it is readable."""

    def __init__(self, loop: asyncio.AbstractEventLoop, fd: int) -> None:
        self._loop = loop
        self._fd = fd
        self.happened: asyncio.Future[None] = self._loop.create_future()
        self._loop.add_reader(fd, self.close)

    def close(self) -> None:
        """Take the descriptor off the loop, before it is closed, and wake who waits."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            self._loop.remove_reader(fd)
        if not self.happened.done():
            self.happened.set_result(None)
