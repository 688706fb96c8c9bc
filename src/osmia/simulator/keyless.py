"""The user side of simulated maps without keys, and of those that frames are sent to."""

from __future__ import annotations

from collections.abc import Iterator
from errno import E2BIG
from typing import Generic, TypeVar, cast

from osmia.errors import MapFullError, UsageError
from osmia.lang import Map
from osmia.lang.memory import MemoryCodec
from osmia.lang.runtime import UpdateFlags
from osmia.simulator.kernel import SimulatedKernel

__all__ = ["SimulatedBloomFilter", "SimulatedNumbers", "SimulatedQueue"]

V = TypeVar("V")


class _Keyless(Generic[V]):
    def __init__(self, kernel: SimulatedKernel, declaration: Map) -> None:
        self._kernel = kernel
        self._declaration = declaration
        self._entries = kernel.entries(declaration)
        self._values: MemoryCodec[V] = MemoryCodec(cast("type[V]", declaration.value_type))

    def _add(self, value: V) -> None:
        with self._kernel.lock:
            error = self._entries.store(b"", (self._values.encode(value),), UpdateFlags.ANY)
        if error:
            room = self._declaration.max_entries
            raise MapFullError(E2BIG, f"{self._declaration} is full: it has room for {room} entries")


class SimulatedQueue(_Keyless[V]):
    """A queue or stack."""

    def push(self, value: V) -> None:
        """Add a value; MapFullError where there is no room."""
        self._add(value)

    def pop(self) -> V | None:
        """Take the value that leaves next; None where there is none."""
        with self._kernel.lock:
            value = self.peek()
            self._entries.delete(b"")
        return value

    def peek(self) -> V | None:
        """The value that leaves next, which stays; None where there is none."""
        with self._kernel.lock:
            slots = self._entries.find(b"")
            return None if slots is None else self._values.decode(bytes(slots[0]))


class SimulatedBloomFilter(_Keyless[V]):
    """A Bloom filter."""

    def add(self, value: V) -> None:
        """Add a value."""
        self._add(value)

    def __contains__(self, value: V) -> bool:
        with self._kernel.lock:
            return self._entries.find(self._values.encode(value)) is not None


class SimulatedNumbers:
    """Interfaces or processors by number."""

    def __init__(self, kernel: SimulatedKernel, declaration: Map) -> None:
        self._kernel = kernel
        self._declaration = declaration
        self._entries = kernel.entries(declaration)

    def __getitem__(self, key: int) -> int:
        with self._kernel.lock:
            slots = self._entries.find(_key(key))
        if slots is None:
            raise KeyError(key)
        return int.from_bytes(slots[0][:4], "little")

    def __setitem__(self, key: int, number: int) -> None:
        value = int(number).to_bytes(self._declaration.value_size, "little")
        with self._kernel.lock:
            error = self._entries.store(_key(key), (value,), UpdateFlags.ANY)
        if error:
            raise MapFullError(E2BIG, f"{self._declaration} has no room for {key}")

    def set(self, key: int, number: int, program: object) -> None:
        """UsageError: a simulation does not run programs at the other end."""
        raise UsageError("a program in a map cannot be simulated", "call it, or load it with osmia.load()")

    def __delitem__(self, key: int) -> None:
        with self._kernel.lock:
            if self._entries.delete(_key(key)):
                raise KeyError(key)

    def __contains__(self, key: int) -> bool:
        with self._kernel.lock:
            return self._entries.find(_key(key)) is not None

    def __iter__(self) -> Iterator[int]:
        with self._kernel.lock:
            keys = self._entries.keys()
        return iter([int.from_bytes(key, "little") for key in keys])

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _key(key: int) -> bytes:
    return int(key).to_bytes(4, "little")
