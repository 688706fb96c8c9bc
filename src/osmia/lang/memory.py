"""Types that lie in memory: their size, alignment, layout, and their bytes in both directions.

A memory type is an integer type (or an enumeration over one), `bool`, a `@struct` class or an
`Array` class.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from itertools import repeat
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from osmia.dataclass import dataclass
from osmia.lang.integers import Integer

if TYPE_CHECKING:
    import numpy

__all__ = [
    "Aggregate",
    "FieldLayout",
    "MemoryCodec",
    "alignment_of",
    "decode",
    "dtype_of",
    "encode",
    "fields_of",
    "padding_of",
    "size_of",
]

T = TypeVar("T")
Buffer = bytearray | memoryview


class Aggregate:
    """A value of several bytes seen in place: base of structs and arrays.

    It is a window on a buffer: a packet, a map's value, or memory of its own. Writing to it
    writes there, as in the kernel.
    """

    __slots__ = ("_buffer", "_offset")
    _buffer: Buffer
    _offset: int

    @classmethod
    def memory_size(cls) -> int:
        """Size in bytes, padding included."""
        raise NotImplementedError

    @classmethod
    def memory_alignment(cls) -> int:
        """Alignment in bytes, as in C."""
        raise NotImplementedError

    @classmethod
    def view(cls: type[A], buffer: Buffer, offset: int = 0) -> A:
        """The window on `buffer` at `offset`; nothing is copied."""
        self = cls.__new__(cls)
        self._buffer = buffer
        self._offset = offset
        return self

    @classmethod
    def from_bytes(cls: type[A], data: bytes | Buffer) -> A:
        """A copy of its own, decoded from the first bytes of `data`."""
        return cls.view(bytearray(data[: cls.memory_size()]))

    def __bytes__(self) -> bytes:
        return bytes(self._buffer[self._offset : self._offset + self.memory_size()])

    @classmethod
    def _padding(cls) -> tuple[tuple[int, int], ...]:
        """Where bytes lie that belong to no field, as first and last offset; they are never compared."""
        return ()

    def _value(self) -> bytes:
        """The bytes, those of padding as zero."""
        gaps = self._padding()
        if not gaps:
            return bytes(self)
        data = bytearray(bytes(self))
        for start, end in gaps:
            data[start:end] = bytes(end - start)
        return bytes(data)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Aggregate) or type(other) is not type(self):
            return NotImplemented
        return self._value() == other._value()

    def __hash__(self) -> int:
        return hash(self._value())


A = TypeVar("A", bound=Aggregate)


@dataclass(frozen=True)
class FieldLayout:
    """One field of a struct: `type` is a memory type, offset and size are in bytes."""

    name: str
    type: type[Any]
    offset: int
    size: int


def size_of(memory_type: type[Any]) -> int:
    """Size in bytes; TypeError for what is no memory type."""
    if not isinstance(memory_type, type):  # pyright: ignore[reportUnnecessaryIsInstance] - users may give anything
        raise TypeError(_no_layout(memory_type))
    if issubclass(memory_type, Integer) and memory_type.bits:
        return memory_type.bits // 8
    if issubclass(memory_type, Aggregate):
        return memory_type.memory_size()
    if memory_type is bool:
        return 1
    raise TypeError(_no_layout(memory_type))


def _no_layout(memory_type: object) -> str:
    name = memory_type.__name__ if isinstance(memory_type, type) else repr(memory_type)
    if memory_type in (str, bytes):
        return f"{name} has no layout in memory: text is a CharArray[Literal[16]], bytes are an Array[u8, …]"
    if memory_type is float:
        return "the kernel has no floating point: count in a smaller unit, as nanoseconds in a u64"
    return f"{name} has no layout in memory: use u32, be16, bool, a @struct class or Array[T, Literal[n]]"


def padding_of(memory_type: type[Any]) -> tuple[tuple[int, int], ...]:
    """Where bytes lie that belong to no field, as first and last offset."""
    return memory_type._padding() if issubclass(memory_type, Aggregate) else ()  # pyright: ignore[reportPrivateUsage]


def fields_of(memory_type: type[Any] | None, kind: type[Any]) -> int:
    """How many fields of a struct are of a class; -1 where one lies deeper, where the kernel finds none."""
    layout: tuple[FieldLayout, ...] = getattr(memory_type, "layout", ())
    if any(field.type is not kind and _holds(field.type, kind) for field in layout):
        return -1
    return sum(field.type is kind for field in layout)


def _holds(memory_type: type[Any], kind: type[Any]) -> bool:
    inner = getattr(memory_type, "element", None)
    layout: tuple[FieldLayout, ...] = getattr(memory_type, "layout", ())
    return memory_type is kind or inner is kind or any(_holds(field.type, kind) for field in layout)


def alignment_of(memory_type: type[Any]) -> int:
    """Alignment in bytes, as in C."""
    return memory_type.memory_alignment() if issubclass(memory_type, Aggregate) else size_of(memory_type)


def encode(memory_type: type[Any], value: Any) -> bytes:
    """The bytes of a value; TypeError where the value is of another type."""
    if issubclass(memory_type, Integer):
        plain = memory_type.__mro__[1] if issubclass(memory_type, Enum) else memory_type
        if isinstance(value, Integer) and not isinstance(value, plain):
            raise TypeError(f"expected {memory_type.__name__}, got {type(value).__name__}")
        try:
            return cast("type[Integer]", plain)(value).to_bytes()
        except AttributeError:
            expected, given = memory_type.__name__, type(value).__name__
            raise TypeError(f"expected {expected}, got {given}: write {expected}(…)") from None
    if memory_type is bool:
        return bytes([bool(value)])
    if not isinstance(value, memory_type):
        raise TypeError(f"expected {memory_type.__name__}, got {type(value).__name__}")
    return bytes(value)


def decode(memory_type: type[Any], buffer: bytes | Buffer, offset: int = 0) -> Any:
    """The value at `offset`: integers by value, structs and arrays as windows on writable buffers."""
    if issubclass(memory_type, Aggregate):
        if isinstance(buffer, bytes):
            return memory_type.from_bytes(buffer[offset:])
        return memory_type.view(buffer, offset)
    data = buffer[offset : offset + size_of(memory_type)]
    if memory_type is bool:
        return data[0] != 0
    integer = cast("type[Integer]", memory_type)
    return integer(int.from_bytes(data, integer.byte_order, signed=integer.signed))


def dtype_of(memory_type: type[Any]) -> numpy.dtype[Any]:
    """The numpy dtype of a memory type, padding included."""
    import numpy

    if issubclass(memory_type, Integer):
        order = ">" if memory_type.byte_order == "big" else "<"
        return numpy.dtype(f"{order}{'i' if memory_type.signed else 'u'}{memory_type.bits // 8}")
    if memory_type is bool:
        return numpy.dtype(numpy.bool_)
    describe = getattr(memory_type, "numpy_dtype", None)
    if describe is None:
        raise TypeError(f"{memory_type!r} has no layout in memory")
    return cast("numpy.dtype[Any]", describe())


class MemoryCodec(Generic[T]):
    """Bytes to values of one memory type and back, for the loader."""

    def __init__(self, memory_type: type[T]) -> None:
        self.memory_type = memory_type
        self.size = size_of(memory_type)

    def encode(self, value: T) -> bytes:
        """The bytes of a value; ValueError for a plain int that the type cannot hold."""
        if isinstance(value, int) and issubclass(self.memory_type, Integer):
            number = int(value)
            if int(cast("type[Integer]", self.memory_type)(number)) != number:
                raise ValueError(f"{number} does not fit into {self.memory_type.__name__}")
        return encode(self.memory_type, value)

    def decode(self, buffer: bytes | Buffer) -> T:
        """The value in the first bytes of `buffer`, a copy."""
        return cast("T", decode(self.memory_type, bytes(buffer)))

    def decode_run(self, data: bytearray, start: int, stride: int, count: int, length: int, /) -> Iterator[T]:
        """Values of `length` bytes in `data`, `stride` bytes apart; structs and arrays are windows on it."""
        places = range(start, start + count * stride, stride)
        if issubclass(self.memory_type, Aggregate):
            return map(cast("Any", self.memory_type).view, repeat(data), places)
        return map(decode, repeat(self.memory_type), repeat(data), places)

    def dtype(self) -> numpy.dtype[Any]:
        """The numpy type of a value, padding included."""
        return dtype_of(self.memory_type)
