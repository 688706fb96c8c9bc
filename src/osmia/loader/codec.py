"""Between bytes and values: what the map handles and event readers ask of a key, value or event type."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Generic, Protocol, SupportsIndex, TypeVar, cast, overload

from osmia.errors import UsageError

if TYPE_CHECKING:
    import numpy

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Codec(Protocol[T]):
    """Values of one type and their `size` bytes in a map."""

    @property
    def size(self) -> int:
        """Bytes of every value."""
        ...

    def encode(self, value: T, /) -> bytes:
        """Exactly `size` bytes."""
        ...

    def decode(self, buffer: bytes, /) -> T:
        """The value in `size` bytes."""
        ...


class EventCodec(Protocol[T_co]):
    """What a reader asks of the type of its events."""

    @property
    def size(self) -> int:
        """Bytes of every event; 0 where each has its own length."""
        ...

    def decode_run(
        self, data: bytearray, start: int, stride: int, count: int, length: int, /
    ) -> Iterator[T_co]:
        """`count` events of `length` bytes, at least `size`; they begin at `start`, `stride` bytes apart.

        Each is made when it is asked for, and Ctrl-C meanwhile does not end the iterator. `data` belongs
        to the events from then on: they may be windows on it.
        """
        ...

    def dtype(self) -> numpy.dtype[Any]:
        """The numpy type of an event, of `size` bytes."""
        ...


def _slices(data: bytearray, start: int, stride: int, count: int, length: int) -> Iterator[bytearray]:
    starts = range(start, start + count * stride, stride)
    return map(
        data.__getitem__, map(slice, starts, range(start + length, start + length + count * stride, stride))
    )


class BytesCodec:
    """Values as bytes, for maps whose types are not known."""

    def __init__(self, size: int) -> None:
        self.size = size

    def encode(self, value: bytes, /) -> bytes:
        """The bytes themselves.

        Raises:
            UsageError: they are not as many as the map takes.
        """
        if len(value) != self.size:
            raise UsageError(f"{len(value)} bytes given where the map takes {self.size}")
        return value

    def decode(self, buffer: bytes, /) -> bytes:
        """The bytes themselves."""
        return buffer


class EventBytes:
    """Events as bytes, each of its own length."""

    size = 0

    def decode_run(
        self, data: bytearray, start: int, stride: int, count: int, length: int, /
    ) -> Iterator[bytes]:
        """The bytes themselves."""
        return map(bytes, _slices(data, start, stride, count, length))

    def dtype(self) -> numpy.dtype[Any]:
        """UsageError: numpy has no such type."""
        raise UsageError("events of any length have no columns", "read them with `read`, or give their type")


class IntegerCodec:
    """Plain integers, in little-endian order unless told otherwise."""

    def __init__(self, size: int, *, signed: bool = False, big_endian: bool = False) -> None:
        self.size = size
        self._signed = signed
        self._order: Any = "big" if big_endian else "little"

    def encode(self, value: int, /) -> bytes:
        """The bytes of a number.

        Raises:
            UsageError: it does not fit.
        """
        try:
            return int(value).to_bytes(self.size, self._order, signed=self._signed)
        except OverflowError:
            raise UsageError(f"{value} does not fit into {self.size} bytes") from None

    def decode(self, buffer: bytes | bytearray, /) -> int:
        """The number in the bytes."""
        return int.from_bytes(buffer, self._order, signed=self._signed)

    def decode_run(
        self, data: bytearray, start: int, stride: int, count: int, length: int, /
    ) -> Iterator[int]:
        """The numbers."""
        return map(self.decode, _slices(data, start, stride, count, self.size))

    def dtype(self) -> numpy.dtype[Any]:
        """The numpy integer of the same size, sign and byte order."""
        import numpy

        order = "<" if self._order == "little" else ">"
        return numpy.dtype(f"{order}{'i' if self._signed else 'u'}{self.size}")


class PrefixCodec(Generic[T]):
    """Keys of an LPM trie: an address and its prefix length in bits."""

    def __init__(self, address: Codec[T]) -> None:
        self._address = address
        self.size = 4 + address.size

    def encode(self, value: tuple[T, int], /) -> bytes:
        """The prefix length (u32) and the address, in the layout of struct bpf_lpm_trie_key.

        Raises:
            UsageError: a length outside of the address, or address bits set behind the length.
        """
        try:
            address, length = value
        except (TypeError, ValueError):
            raise UsageError(f"{value!r} is no prefix", "write m[address, length]") from None
        data = self._address.encode(address)
        bits = 8 * len(data)
        if not 0 <= length <= bits:
            raise UsageError(f"prefix length {length} is not between 0 and {bits}")
        if int.from_bytes(data, "big") & ((1 << (bits - length)) - 1):
            raise UsageError(f"{address}/{length} has bits set behind the prefix length")
        return length.to_bytes(4, "little") + data

    def decode(self, buffer: bytes, /) -> tuple[T, int]:
        """The address and its prefix length."""
        return self._address.decode(buffer[4:]), int.from_bytes(buffer[:4], "little")


class PerCpuValues(Sequence[T]):
    """The values of one key, by CPU number."""

    def __init__(self, values: Sequence[T]) -> None:
        self._values = tuple(values)

    @overload
    def __getitem__(self, cpu: SupportsIndex, /) -> T: ...
    @overload
    def __getitem__(self, cpu: slice, /) -> tuple[T, ...]: ...
    def __getitem__(self, cpu: SupportsIndex | slice, /) -> T | tuple[T, ...]:
        return self._values[cpu]

    def __len__(self) -> int:
        return len(self._values)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PerCpuValues) and self._values == cast("PerCpuValues[object]", other)._values

    def __hash__(self) -> int:
        return hash(self._values)

    def __repr__(self) -> str:
        return f"PerCpuValues({list(self._values)!r})"

    def sum(self) -> int:
        """The sum over all CPUs, not wrapped; TypeError where the values are no integers."""
        return sum(operator.index(cast("SupportsIndex", value)) for value in self._values)

    def reduce(self, merge: Callable[[T, T], T]) -> T:
        """The values made one, two at a time."""
        return functools.reduce(merge, self._values)


def per_cpu_size(value_size: int, cpus: int) -> int:
    """Bytes of the values of all possible CPUs, each rounded up to 8 bytes (kernel/bpf/hashtab.c)."""
    return ((value_size + 7) & ~7) * cpus


class PerCpuCodec(Generic[T]):
    """The values of all possible CPUs, one behind the other."""

    def __init__(self, value: Codec[T], cpus: int) -> None:
        self._value = value
        self._cpus = cpus
        self._stride = per_cpu_size(value.size, 1)
        self.size = self._stride * cpus

    def encode(self, value: Sequence[T], /) -> bytes:
        """The bytes of one value for each possible CPU.

        Raises:
            UsageError: not as many values as possible CPUs.
        """
        if len(value) != self._cpus:
            raise UsageError(f"{len(value)} values given for {self._cpus} possible CPUs")
        return b"".join(self._value.encode(part).ljust(self._stride, b"\0") for part in value)

    def decode(self, buffer: bytes, /) -> PerCpuValues[T]:
        """The values by CPU."""
        size = self._value.size
        return PerCpuValues(
            [self._value.decode(buffer[start : start + size]) for start in range(0, self.size, self._stride)]
        )
