"""The user side of simulated maps: ordinary Python mappings and readers, as the loader gives them."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Generator, Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager
from errno import E2BIG, ENOENT, ENOSPC
from os import strerror
from typing import TYPE_CHECKING, Any, Generic, SupportsIndex, TypeVar, cast, overload

from osmia.errors import KernelError, MapFullError, UsageError
from osmia.lang import Map, u32
from osmia.lang.events import EventMap
from osmia.lang.memory import MemoryCodec
from osmia.lang.runtime import UpdateFlags
from osmia.lang.tagged import Run, TaggedCodec
from osmia.simulator.events import PAGE_BYTES
from osmia.simulator.kernel import SimulatedKernel

if TYPE_CHECKING:
    import numpy

__all__ = [
    "PerCpuValues",
    "SimulatedArray",
    "SimulatedEvents",
    "SimulatedMap",
    "SimulatedPerCpuArray",
    "SimulatedPerCpuMap",
    "SimulatedStacks",
    "SimulatedTrie",
]

K = TypeVar("K")
V = TypeVar("V")
E = TypeVar("E")


class PerCpuValues(Sequence[V]):
    """The values of one key, by processor number."""

    def __init__(self, values: Sequence[V]) -> None:
        self._values = tuple(values)

    @overload
    def __getitem__(self, index: int) -> V: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[V]: ...
    def __getitem__(self, index: int | slice) -> V | Sequence[V]:
        return self._values[index]

    def __len__(self) -> int:
        return len(self._values)

    def sum(self) -> int:
        """The sum over all processors, not wrapped; TypeError where the values are no integers."""
        return sum(operator.index(cast("SupportsIndex", value)) for value in self._values)

    def reduce(self, merge: Callable[[V, V], V]) -> V:
        """The values made one, two at a time."""
        return functools.reduce(merge, self._values)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, PerCpuValues):
            return NotImplemented
        return self._values == tuple(cast("Sequence[object]", other))

    def __hash__(self) -> int:
        return hash(self._values)

    def __repr__(self) -> str:
        return f"PerCpuValues({', '.join(str(value) for value in self._values)})"


class _Handle(Generic[K, V]):
    """What all handles with keys share: bytes in the kernel, values here."""

    def __init__(self, kernel: SimulatedKernel, declaration: Map) -> None:
        self._kernel = kernel
        self._declaration = declaration
        self._entries = kernel.entries(declaration)
        self._values: MemoryCodec[V] = MemoryCodec(cast("type[V]", declaration.value_type))
        self._keys: MemoryCodec[K] = MemoryCodec(cast("type[K]", declaration.key_type))

    @property
    def max_entries(self) -> int:
        """How many entries the map has room for."""
        return self._declaration.max_entries

    def _read(self, key: bytes) -> list[V] | None:
        with self._kernel.lock:
            slots = self._entries.find(key)
            return None if slots is None else [self._values.decode(slot) for slot in slots]

    def _write(self, key: object, key_bytes: bytes, values: Sequence[V]) -> None:
        encoded = tuple(self._values.encode(value) for value in values)
        if len(encoded) != self._entries.slot_count:
            raise UsageError(
                f"{self._declaration} has a value for each of {self._entries.slot_count} processors, "
                f"not {len(encoded)}"
            )
        with self._kernel.lock:
            error = -self._entries.store(key_bytes, encoded, UpdateFlags.ANY)
        if error in (E2BIG, ENOSPC):
            room = self._declaration.max_entries
            raise MapFullError(E2BIG, f"{self._declaration} is full: it has room for {room} entries")
        if error:
            raise KernelError(error, f"cannot set {key} in {self._declaration}: {strerror(error)}")

    def _remove(self, key: object, key_bytes: bytes) -> None:
        with self._kernel.lock:
            error = -self._entries.delete(key_bytes)
        if error == ENOENT:
            raise KeyError(key)
        if error:
            raise KernelError(error, f"cannot delete {key} from {self._declaration}: {strerror(error)}")

    def _position(self, index: SupportsIndex) -> bytes:
        """The key of an array's index; KeyError where it is out of range."""
        number = index.__index__()
        if not 0 <= number < self.max_entries:
            raise KeyError(number)
        return number.to_bytes(4, "little")

    def _present(self) -> list[bytes]:
        with self._kernel.lock:
            return self._entries.keys()


class SimulatedMap(_Handle[K, V], MutableMapping[K, V]):
    """A hash map with one value for each key."""

    def __getitem__(self, key: K) -> V:
        values = self._read(self._keys.encode(key))
        if values is None:
            raise KeyError(key)
        return values[0]

    def __setitem__(self, key: K, value: V) -> None:
        self._write(key, self._keys.encode(key), (value,))

    def __delitem__(self, key: K) -> None:
        self._remove(key, self._keys.encode(key))

    def __iter__(self) -> Iterator[K]:
        return iter([self._keys.decode(key) for key in self._present()])

    def __len__(self) -> int:
        return len(self._present())


class SimulatedPerCpuMap(_Handle[K, V], MutableMapping[K, PerCpuValues[V]]):
    """A hash map with a value for each key and processor."""

    def __getitem__(self, key: K) -> PerCpuValues[V]:
        values = self._read(self._keys.encode(key))
        if values is None:
            raise KeyError(key)
        return PerCpuValues(values)

    def __setitem__(self, key: K, value: Sequence[V]) -> None:
        self._write(key, self._keys.encode(key), value)

    def __delitem__(self, key: K) -> None:
        self._remove(key, self._keys.encode(key))

    def __iter__(self) -> Iterator[K]:
        return iter([self._keys.decode(key) for key in self._present()])

    def __len__(self) -> int:
        return len(self._present())


class SimulatedArray(_Handle[u32, V], Mapping[int, V]):
    """An array with one value for each index; nothing can be deleted."""

    def __getitem__(self, key: SupportsIndex) -> V:
        values = self._read(self._position(key))
        assert values is not None
        return values[0]

    def __setitem__(self, key: SupportsIndex, value: V) -> None:
        self._write(key, self._position(key), (value,))

    def __iter__(self) -> Iterator[int]:
        return iter(range(self.max_entries))

    def __len__(self) -> int:
        return self.max_entries


class SimulatedPerCpuArray(_Handle[u32, V], Mapping[int, PerCpuValues[V]]):
    """An array with a value for each index and processor; nothing can be deleted."""

    def __getitem__(self, key: SupportsIndex) -> PerCpuValues[V]:
        values = self._read(self._position(key))
        assert values is not None
        return PerCpuValues(values)

    def __setitem__(self, key: SupportsIndex, value: Sequence[V]) -> None:
        self._write(key, self._position(key), value)

    def __iter__(self) -> Iterator[int]:
        return iter(range(self.max_entries))

    def __len__(self) -> int:
        return self.max_entries


class SimulatedTrie(_Handle[K, V], MutableMapping[tuple[K, int], V]):
    """A trie; a key is an address and its prefix length in bits.

    A look-up finds the longest prefix that holds the key, as in the kernel; deletion takes exactly the key.
    """

    def __getitem__(self, key: tuple[K, int]) -> V:
        values = self._read(self._prefix(key))
        if values is None:
            raise KeyError(key)
        return values[0]

    def __setitem__(self, key: tuple[K, int], value: V) -> None:
        self._write(key, self._prefix(key), (value,))

    def __delitem__(self, key: tuple[K, int]) -> None:
        self._remove(key, self._prefix(key))

    def __iter__(self) -> Iterator[tuple[K, int]]:
        return iter(
            [(self._keys.decode(key[4:]), int.from_bytes(key[:4], "little")) for key in self._present()]
        )

    def __len__(self) -> int:
        return len(self._present())

    def _prefix(self, key: tuple[K, int]) -> bytes:
        address, length = key
        encoded = self._keys.encode(address)
        if not 0 <= length <= len(encoded) * 8:
            raise UsageError(f"/{length} is no prefix length of {address}", f"write 0 to {len(encoded) * 8}")
        return length.to_bytes(4, "little") + encoded


class SimulatedEvents(Generic[E]):
    """The events of a ring buffer or perf event array, in the order in which they were sent."""

    def __init__(self, kernel: SimulatedKernel, declaration: EventMap, *, pages: int | None = None) -> None:
        """`pages` is the size of each processor's perf buffer, a power of two."""
        self._events = kernel.events(declaration)
        self._codec: MemoryCodec[E] | TaggedCodec[E] = declaration.codec
        if pages is not None:
            if pages < 1 or pages & (pages - 1):
                raise UsageError(f"{pages} pages", "give a power of two")
            self._events.resize(pages * PAGE_BYTES)

    @property
    def lost(self) -> int:
        """Events that found no room, since the start."""
        return self._events.lost

    @property
    def closed(self) -> bool:
        """Whether the simulation has ended."""
        return self._events.closed

    def fileno(self) -> int:
        """A file descriptor that is readable while events wait, for selectors and event loops."""
        return self._events.fileno()

    def read(self, timeout: float | None = None) -> list[E]:
        """All events that wait; where there are none, after up to `timeout` seconds (None: no limit)."""
        return [self._codec.decode(event) for event in self._events.read(timeout)]

    def read_each(self, timeout: float | None = None) -> Iterator[E] | None:
        """As `read`, one by one; None where none came in time."""
        events = self.read(timeout)
        return iter(events) if events else None

    def read_columns(self, timeout: float | None = None) -> numpy.ndarray[Any, Any]:
        """As `read`, as a structured array."""
        import numpy

        return numpy.frombuffer(bytearray(b"".join(self._events.read(timeout))), self._codec.dtype())

    def read_runs(self, timeout: float | None = None) -> list[Run]:
        """As `read`, each event as its bytes."""
        events = map(bytearray, self._events.read(timeout))
        return [(data, 0, len(data), 1, len(data)) for data in events]

    @contextmanager
    def borrow_columns(self, timeout: float | None = None) -> Generator[numpy.ndarray[Any, Any], None, None]:
        """As `read_columns`, read-only as the kernel's memory is."""
        columns = self.read_columns(timeout)
        columns.flags.writeable = False
        yield columns

    def close(self) -> None:
        """End the reading."""
        self._events.close()


class SimulatedStacks:
    """The stacks of a `StackTrace` map: what the tests gave to the contexts."""

    def __init__(self, kernel: SimulatedKernel, declaration: Map) -> None:
        self._kernel = kernel
        self._entries = kernel.entries(declaration)

    def addresses(self, number: int) -> tuple[int, ...] | None:
        """A stack, the innermost address first; None for a number that is not in use."""
        with self._kernel.lock:
            slots = self._entries.find(number.to_bytes(4, "little"))
            if slots is None:
                return None
            words = memoryview(bytes(slots[0])).cast("Q")
            return tuple(word for word in words if word)

    def numbers(self) -> Iterator[int]:
        """The numbers that are in use."""
        with self._kernel.lock:
            numbers = [int.from_bytes(key, "little") for key in self._entries.keys()]  # noqa: SIM118 - no mapping
        return iter(numbers)

    def delete(self, number: int) -> bool:
        """Give a number up; False where it was not in use."""
        with self._kernel.lock:
            return self._entries.delete(number.to_bytes(4, "little")) == 0
