"""`Array[T, Literal[n]]`: n values of one type in a row, and character arrays."""

from __future__ import annotations

from collections.abc import Iterator
from typing import (
    TYPE_CHECKING,
    Any,
    ClassVar,
    Generic,
    Literal,
    Self,
    SupportsIndex,
    TypeVar,
    cast,
    get_args,
    get_origin,
)

from osmia.lang.integers import u8
from osmia.lang.memory import Aggregate, alignment_of, decode, dtype_of, encode, padding_of, size_of

if TYPE_CHECKING:
    import numpy

__all__ = ["Array", "CharArray", "Comm"]

T = TypeVar("T")
N = TypeVar("N", bound=int)


class Array(Aggregate, Generic[T, N]):
    """A fixed number of values in a row; `Array[u8, Literal[6]]` is a class of its own.

    `Array[u8, Literal[6]]()` is zeroed; otherwise give every element. An index that may be
    out of range is refused by the compiler.
    """

    __slots__ = ()
    element: ClassVar[type[Any]]
    length: ClassVar[int]
    _known: ClassVar[dict[tuple[Any, int], type[Any]]] = {}

    def __init__(self, *elements: T) -> None:
        """Zeroed without arguments, else one argument for each element."""
        self._buffer = bytearray(self.memory_size())
        self._offset = 0
        if elements and len(elements) != self.length:
            raise TypeError(f"{type(self).__name__} has {self.length} elements, got {len(elements)}")
        for index, element in enumerate(elements):
            self[index] = element

    def __class_getitem__(cls, parameters: Any) -> Any:
        if not issubclass(type(parameters), tuple) or len(parameters) != 2:
            raise TypeError("write Array[T, Literal[n]]")
        element, length = parameters
        if isinstance(element, TypeVar) or isinstance(length, TypeVar):
            return super().__class_getitem__(parameters)  # type: ignore[misc]
        origin: object = get_origin(length)
        if origin is not Literal or not isinstance(get_args(length)[0], int):
            raise TypeError(f"the length of an Array is written Literal[n], not {length!r}")
        count = cast("int", get_args(length)[0])
        if count < 1:
            raise TypeError("an Array has at least one element")
        key = (element, count)
        if key not in cls._known:
            size_of(element)
            name = f"Array[{element.__name__}, {count}]"
            cls._known[key] = type(name, (Array,), {"__slots__": (), "element": element, "length": count})
        return cls._known[key]

    @classmethod
    def memory_size(cls) -> int:
        if not hasattr(cls, "element"):
            raise TypeError("write Array[T, Literal[n]]: an array has a type and a length")
        return size_of(cls.element) * cls.length

    @classmethod
    def memory_alignment(cls) -> int:
        return alignment_of(cls.element)

    @classmethod
    def numpy_dtype(cls) -> numpy.dtype[Any]:
        """A sub-array dtype."""
        import numpy

        return numpy.dtype((dtype_of(cls.element), (cls.length,)))

    @classmethod
    def _padding(cls) -> tuple[tuple[int, int], ...]:
        size, gaps = size_of(cls.element), padding_of(cls.element)
        return tuple((start + at * size, end + at * size) for at in range(cls.length) for start, end in gaps)

    def __eq__(self, other: object) -> bool:
        """Whether all elements are equal; arrays of u8 also compare with bytes."""
        if isinstance(other, bytes) and self.element is u8:
            return bytes(self) == other
        return super().__eq__(other)

    __hash__ = Aggregate.__hash__

    def _position(self, index: SupportsIndex) -> int:
        position = index.__index__()
        if not 0 <= position < self.length:
            raise IndexError(
                f"index {position} is out of range: {type(self).__name__} has {self.length} elements"
            )
        return self._offset + position * size_of(self.element)

    def __getitem__(self, index: SupportsIndex) -> T:
        return cast("T", decode(self.element, self._buffer, self._position(index)))

    def __setitem__(self, index: SupportsIndex, value: T) -> None:
        start = self._position(index)
        self._buffer[start : start + size_of(self.element)] = encode(self.element, value)

    def __len__(self) -> int:
        return self.length

    def __iter__(self) -> Iterator[T]:
        return (self[index] for index in range(self.length))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(str(element) for element in self)})"


class CharArray(Array[u8, N], Generic[N]):
    """C's `char[n]`, written `CharArray[Literal[n]]`: bytes up to the first zero byte; prints as text."""

    __slots__ = ()
    _known_lengths: ClassVar[dict[int, type[Any]]] = {}

    def __class_getitem__(cls, length: Any) -> Any:
        if isinstance(length, TypeVar):
            return super(Array, cls).__class_getitem__(length)  # type: ignore[misc]
        array = Array[u8, length]
        count = array.length
        if count not in cls._known_lengths:
            name = f"CharArray[{count}]"
            members = {"__slots__": (), "element": u8, "length": count}
            cls._known_lengths[count] = type(name, (CharArray,), members)
        return cls._known_lengths[count]

    @classmethod
    def from_bytes(cls, data: bytes | bytearray | memoryview) -> Self:
        """A copy of the bytes, filled up with zeros."""
        return super().from_bytes(bytes(data).ljust(cls.length, b"\0"))

    def __eq__(self, other: object) -> bool:
        """With bytes: whether they are the text, that is what stands before the first zero byte."""
        return self._text() == other if isinstance(other, bytes) else super().__eq__(other)

    def __hash__(self) -> int:
        return hash(self._text())

    def _text(self) -> bytes:
        return bytes(self).split(b"\0", 1)[0]

    def __str__(self) -> str:
        return self._text().decode(errors="replace")


class Comm(CharArray[Literal[16]]):
    """The name of a task, at most 15 bytes and a zero byte (TASK_COMM_LEN); prints as text."""

    __slots__ = ()
