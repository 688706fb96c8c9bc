"""What a kernel function needs from its kernel when it runs as plain Python.

The simulator supplies it; compiled programs never come here.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from typing import TYPE_CHECKING, Any, Protocol

from osmia.lang.memory import Buffer
from osmia.uapi import UpdateFlags

if TYPE_CHECKING:
    from osmia.lang.integers import u32
    from osmia.lang.maps import Map
    from osmia.lang.programs import Program
    from osmia.lang.timer_callbacks import TimerCallback

__all__ = [
    "EventRoom",
    "MapStorage",
    "Runtime",
    "UpdateFlags",
    "current_context",
    "current_runtime",
    "enter_runtime",
    "leave_runtime",
    "running_with",
]


class MapStorage(Protocol):
    """The entries of one map, as bytes."""

    def lookup(self, key: bytes) -> Buffer | None:
        """The value in place, or None; for per-CPU maps the value of the current processor."""
        ...

    def entries(self) -> list[tuple[bytes, Buffer]]:
        """All keys with their values in place; for per-CPU maps those of the current processor."""
        ...

    def update(self, key: bytes, value: bytes, flags: UpdateFlags) -> int:
        """0, or the negative error number of bpf_map_update_elem."""
        ...

    def delete(self, key: bytes) -> int:
        """0, or the negative error number of bpf_map_delete_elem."""
        ...

    def output(self, data: bytes) -> int:
        """Append an event to a ring buffer or perf event array; 0, or a negative error number."""
        ...


class EventRoom(Protocol):
    """A ring buffer, for events that are written in place."""

    def reserve(self, size: int) -> Buffer | None:
        """Zeroed room for an event of `size` bytes; None where there is none."""
        ...

    def submit(self, room: Buffer) -> None:
        """Hand it to the reader."""
        ...

    def discard(self, room: Buffer) -> None:
        """Give it back unread."""
        ...


class Runtime(Protocol):
    """A kernel for plain Python: maps, clock, processor, randomness, configuration, log."""

    def storage(self, declaration: Map) -> MapStorage:
        """The entries of a declared map."""
        ...

    def events(self, declaration: Map) -> EventRoom:
        """The room of a ring buffer."""
        ...

    def program(self, declaration: Map, index: int) -> Program[Any, Any] | None:
        """The program at an index of a program array, or None."""
        ...

    def inner_map(self, number: u32) -> Map:
        """The map of a number that stands in a map of maps."""
        ...

    def constant(self, declaration: object) -> object:
        """The value of a configuration constant that was set at load, or its default."""
        ...

    def variable(self, declaration: object) -> Buffer:
        """The memory of a global variable."""
        ...

    def ktime_ns(self) -> int:
        """Nanoseconds since boot, without suspended time."""
        ...

    def processor_id(self) -> int:
        """The processor that runs the program."""
        ...

    def random_u32(self) -> int:
        """A pseudo-random number of 32 bits."""
        ...

    def memory(self, address: int) -> bytes:
        """The bytes of user or kernel memory from an address on; none where it cannot be read."""
        ...

    def start_timer(
        self, place: Buffer, offset: int, nanoseconds: int, callback: TimerCallback[Any, Any]
    ) -> bool:
        """Call back later, with the entry whose value is `place`; the timer lies there at an offset."""
        ...

    def cancel_timer(self, place: Buffer, offset: int) -> bool:
        """Stop a timer; whether it was running."""
        ...

    def log(self, level: int, message: str) -> None:
        """A message of the kernel function, at a level of the `logging` module."""
        ...


_current: ContextVar[Runtime] = ContextVar("osmia_runtime")


def current_runtime() -> Runtime:
    """The runtime in force; LookupError with advice where there is none."""
    try:
        return _current.get()
    except LookupError:
        raise LookupError(
            "a kernel function runs as plain Python only inside `with osmia.simulate(program) as bpf:`"
        ) from None


def enter_runtime(runtime: Runtime) -> Token[Runtime]:
    """Put a runtime in force for this context."""
    return _current.set(runtime)


def leave_runtime(token: Token[Runtime]) -> None:
    """Put the runtime before it in force again."""
    _current.reset(token)


_context: ContextVar[object] = ContextVar("osmia_context", default=None)


def current_context() -> object:
    """What the program that runs now was called with; None outside of a program."""
    return _context.get()


@contextmanager
def running_with(context: object) -> Generator[None]:
    """A program runs, called with a context: what helpers that take none know about their caller."""
    token = _context.set(context)
    try:
        yield
    finally:
        _context.reset(token)
