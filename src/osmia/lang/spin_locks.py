"""Locks in the values of maps: who holds one is alone with the value, on all processors."""

from __future__ import annotations

from types import TracebackType
from typing import Any

from osmia.errors import UsageError
from osmia.lang.memory import Aggregate, fields_of

__all__ = ["SpinLock", "locks_in"]


class SpinLock(Aggregate):
    """`struct bpf_spin_lock` (Linux 5.1): a field of the struct that is a map's value, held by `with`.

        @struct
        class Bucket:
            tokens: u64
            filled: u64
            lock: SpinLock = SpinLock()

        with bucket.lock:
            bucket.tokens -= 1
            bucket.filled = now

    The block is short, and calls nothing: no helper, no map, no log. It is left by any way, `return` too. A
    value has one lock, in a `HashMap` or `ArrayMap`; tracing programs can take none. User space reads and
    sets such values under the lock as well (BPF_F_LOCK), so it never sees one that is half written.
    """

    __slots__ = ()

    def __init__(self) -> None:
        self._buffer = bytearray(4)
        self._offset = 0

    @classmethod
    def memory_size(cls) -> int:
        return 4

    @classmethod
    def memory_alignment(cls) -> int:
        return 4

    def __enter__(self) -> None:
        if self._buffer[self._offset]:
            raise UsageError("this lock is held already", "leave its `with` block first")
        self._buffer[self._offset] = 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._buffer[self._offset] = 0

    def __repr__(self) -> str:
        return "SpinLock()"


def locks_in(memory_type: type[Any] | None) -> int:
    """How many locks the fields of a struct are; -1 where one lies deeper, where the kernel finds none."""
    return fields_of(memory_type, SpinLock)
