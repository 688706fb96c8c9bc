"""Reading events, of whichever buffer, in whole batches: as values or as columns."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from itertools import chain, islice
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from osmia.errors import MalformedError, UsageError
from osmia.loader.codec import EventCodec
from osmia.loader.record_run import Batch, RecordMemory, Run
from osmia.loader.time_order import PATIENCE, TIME_BYTES, in_time_order
from osmia.loader.waiting import Waiter
from osmia.sys import Kernel

if TYPE_CHECKING:
    import numpy

T = TypeVar("T")
_BATCH_BYTES = 16384
"""What is copied before its room is given back; one event that is kept keeps this much in memory."""
_COLUMN_BYTES = 1 << 19
_SMALLEST_HEADER = 8
_UNLIMITED = 1 << 62


class BufferReader(ABC, Generic[T]):
    """Base of the readers of ring buffers and perf event arrays.

    Events are copied out of the kernel's memory in batches and their room is given back at once, before
    anything is decoded. A reader belongs to one thread.
    """

    def __init__(
        self, kernel: Kernel, event: EventCodec[T], waiter: Waiter, *, by_time: bool = False
    ) -> None:
        self._kernel = kernel
        self._event = event
        self._waiter = waiter
        self._by_time = by_time
        self._arrived: list[Batch] = []
        """Copied, and not yet in their order."""
        self._ready: list[Batch] = []
        """In order, to be decoded."""
        self._lent = False

    @property
    @abstractmethod
    def lost(self) -> int:
        """Events that found no room, since the start."""

    @abstractmethod
    def _memories(self) -> Sequence[RecordMemory]:
        """The buffers to look into."""

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._waiter.closed

    @cached_property
    def _dtype(self) -> numpy.dtype[Any]:
        return self._event.dtype()

    def fileno(self) -> int:
        """A descriptor that is readable when it is time to read, for selectors and event loops.

        Where wake-ups are batched it is readable at the latest after the delay, then perhaps for nothing:
        call `read(0)`.
        """
        return self._waiter.fileno()

    def read(self, timeout: float | None = None) -> list[T]:
        """All events that are there, after up to `timeout` seconds until there is one (None: no limit).

        Raises:
            MalformedError: events are shorter than their type; they are left out, the next call gives the
                others.
        """
        self._wait(self._take, timeout)
        events = list(self._decoded())
        # Only here, so that Ctrl-C while events are decoded leaves them for the next call.
        self._ready = []
        return events

    def read_each(self, timeout: float | None = None) -> Iterator[T] | None:
        """As `read`, each event made when it is asked for; None where none came in time.

        What a loop keeps of the events is all that is in memory beside their bytes. Who stops in between
        has to keep the iterator: what it still holds is not given again.
        """
        self._wait(self._take, timeout)
        events = self._decoded() if self._ready else None
        self._ready = []
        return events

    def read_runs(self, timeout: float | None = None) -> list[Batch]:
        """All events that are there, as they lie, in memory of their own; waits as `read` does."""
        self._wait(self._take, timeout)
        for index, batch in enumerate(self._ready):
            self._check_length(index, batch)
        runs, self._ready = self._ready, []
        return runs

    def read_columns(self, timeout: float | None = None) -> numpy.ndarray[Any, Any]:
        """All events that are there, as a structured array of its own; waits as `read` does.

        Raises:
            MalformedError: as `read`.
            UsageError: events of any length have no columns.
        """
        import numpy

        dtype = self._dtype
        self._wait(self._take if self._by_time else self._take_columns, timeout)
        # numpy copies bytes four times faster than it copies field by field.
        opaque = numpy.dtype((numpy.void, dtype.itemsize))
        parts: list[numpy.ndarray[Any, Any]] = []
        for index, batch in enumerate(self._ready):
            self._check_length(index, batch)
            parts.append(numpy.ndarray((batch.events,), opaque, batch.data, batch.start, (batch.stride,)))
        if len(parts) == 1 and self._ready[0].stride == dtype.itemsize:
            columns = parts[0]
        else:
            columns = numpy.concatenate(parts or [numpy.empty(0, opaque)])
        self._ready = []
        return columns.view(dtype)

    @contextmanager
    def borrow_columns(self, timeout: float | None = None) -> Generator[numpy.ndarray[Any, Any], None, None]:
        """As `read_columns`, without a copy where all events lie in one run of equal records.

        The array shows the kernel's memory, read-only, and holds only inside the `with` block, at whose
        end the room is given back; meanwhile the buffer has that much less room.

        Raises:
            MalformedError, UsageError: as `read_columns`.
        """
        dtype = self._dtype
        lendable: list[tuple[RecordMemory, Run]] = []

        def arrived() -> bool:
            if not self._ready and not self._by_time:
                found = ((memory, run) for memory in self._memories() for run in memory.runs(_UNLIMITED))
                lendable[:] = islice(found, 2)
                if self._can_lend(lendable):
                    return True
            lendable.clear()
            return self._take()

        self._wait(arrived, timeout)
        if not lendable:
            yield self.read_columns(0)
            return
        ((memory, run),) = lendable
        self._lent = True
        try:
            yield _view(run, dtype)
        finally:
            self._lent = False
            if not self.closed:
                self._kernel.memory_barrier()
                memory.consumed[0] = run.end

    def close(self) -> None:
        """Close the reader; a second call does nothing."""
        self._waiter.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _can_lend(self, found: list[tuple[RecordMemory, Run]]) -> bool:
        if len(found) != 1:
            return False
        _, run = found[0]
        return run.events > 0 and run.length >= self._event.size and isinstance(run.data, memoryview)

    def _decoded(self) -> Iterator[T]:
        """The events that are ready, made one by one."""
        for index, batch in enumerate(self._ready):
            self._check_length(index, batch)
        return chain.from_iterable(map(self._decode, self._ready))

    def _decode(self, batch: Batch) -> Iterator[T]:
        data, start, stride, count, length = batch
        owned = data if isinstance(data, bytearray) else bytearray(data)
        try:
            return self._event.decode_run(owned, start, stride, count, length)
        except MalformedError:
            self._ready = [each for each in self._ready if each is not batch]
            raise

    def _check_length(self, index: int, batch: Batch) -> None:
        if batch.length < self._event.size:
            del self._ready[index]
            raise MalformedError("event", f"{batch.length} bytes where {self._event.size} are expected")

    def _wait(self, arrived: Callable[[], bool], timeout: float | None) -> None:
        """Until `arrived` says so, or `timeout` seconds are over."""
        self.fileno()
        if self._lent:
            raise UsageError("the events are lent out", "leave the with block of borrow_columns first")
        deadline = None if timeout is None else time.monotonic() + timeout
        while not arrived():
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            self._waiter.wait(self._soon(left))
            if left == 0.0:
                arrived()
                return

    def _soon(self, left: float | None) -> float | None:
        """How long to wait: not longer than until events that are held back are due."""
        if not self._arrived:
            return left
        return PATIENCE if left is None else min(left, PATIENCE)

    def _take(self) -> bool:
        """Copy all events that are complete now; whether any are there to decode."""
        now = time.monotonic_ns()
        for memory in self._memories():
            self._drain(memory)
        ready, early = in_time_order(self._arrived, now) if self._by_time else (self._arrived, [])
        self._ready += ready
        self._arrived = early
        return bool(self._ready)

    def _drain(self, memory: RecordMemory) -> None:
        for run in memory.runs(_BATCH_BYTES):
            self._copy(memory, run)

    def _copy(self, memory: RecordMemory, run: Run) -> None:
        """Copy a run as it lies there, and give its room back."""
        if run.events:
            lead = TIME_BYTES if self._by_time else 0
            end = run.start + (run.events - 1) * run.stride + run.length
            data = bytearray(run.data[run.start - lead : end])
            batch = [Batch(data, lead, run.stride, run.events, run.length)]
        else:
            batch = []
        self._kernel.memory_barrier()
        # No call between these two lines: signal handlers run at calls, so that Ctrl-C neither loses a
        # batch nor gives it twice.
        self._arrived += batch
        memory.consumed[0] = run.end

    def _take_columns(self) -> bool:
        """Copy all events that are complete now into one array for each buffer."""
        for memory in self._memories():
            unread = memory.unread
            if unread:
                self._fill_columns(memory, unread // (self._event.size + _SMALLEST_HEADER) + 1)
        self._ready += self._arrived
        self._arrived = []
        return bool(self._ready)

    def _fill_columns(self, memory: RecordMemory, room: int) -> None:
        """Copy up to `room` events, side by side; what came since `room` was reckoned is left."""
        import numpy

        size = self._event.size
        columns = numpy.empty(room, numpy.dtype((numpy.void, size)))
        data = columns.view(numpy.uint8).data
        before, filled, pieces = len(self._arrived), 0, 0
        # Runs that fit into the processor's cache: what was compared is copied from there.
        for run in memory.runs(_COLUMN_BYTES):
            if not run.events or run.length < size:
                self._copy(memory, run)
                continue
            count = min(run.events, room - filled)
            if not count:
                break
            shown = numpy.ndarray((count,), columns.dtype, run.data, run.start, (run.stride,))
            columns[filled : filled + count] = shown
            batch = [Batch(data, filled * size, size, count, size)]
            filled, pieces = filled + count, pieces + 1
            end = run.end - (run.events - count) * run.stride
            self._kernel.memory_barrier()
            # No call between these two lines, as in `_copy`.
            self._arrived += batch
            memory.consumed[0] = end
        if pieces and len(self._arrived) == before + pieces:
            self._arrived[before:] = [Batch(data, 0, size, filled, size)]


def _view(run: Run, dtype: numpy.dtype[Any]) -> numpy.ndarray[Any, Any]:
    """The events of a run in place. The array keeps the mapping alive: `frombuffer` holds what it shows."""
    import numpy

    end = run.start + (run.events - 1) * run.stride + dtype.itemsize
    shown = numpy.frombuffer(run.data[run.start : end], numpy.uint8)
    return numpy.ndarray((run.events,), dtype, shown, 0, (run.stride,))
