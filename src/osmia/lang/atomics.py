"""Integers in memory that several processors change in one step each."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, cast

from osmia.lang.integers import Integer
from osmia.lang.memory import Aggregate, decode, dtype_of, encode, size_of

if TYPE_CHECKING:
    import numpy

__all__ = ["Atomic", "is_atomic"]

I = TypeVar("I", bound=Integer)  # noqa: E741


class Atomic(Aggregate, Generic[I]):
    """An integer of 32 or 64 bits that is changed in one step: a field, a map's value or a `Global`.

    `Atomic[u64]` is laid out as a u64 (in C: `struct { __u64 value; }`). Each method gives the value that was
    there before, in one step for all processors (BPF_ATOMIC):

        ticket = Global(Atomic(u32(0)))

        @xdp
        def sample(ctx: XdpContext) -> XdpAction:
            if ticket.value.add(1) % 100 == 0:
                ...

    `add` whose result is not used runs on every kernel; all others need Linux 5.12. Reading and setting
    `value` is one step as well. Not in packets: there the kernel has none.
    """

    __slots__ = ()
    element: ClassVar[type[Any]]
    _known: ClassVar[dict[type[Any], type[Any]]] = {}

    def __new__(cls, value: I) -> Atomic[I]:
        """An atomic integer of the type of `value`."""
        if not hasattr(cls, "element"):
            return object.__new__(cast("type[Atomic[I]]", Atomic.__class_getitem__(type(value))))
        return super().__new__(cls)

    def __init__(self, value: I) -> None:
        self._buffer = bytearray(self.memory_size())
        self._offset = 0
        self.value = value

    def __class_getitem__(cls, element: Any) -> Any:
        if isinstance(element, TypeVar):
            return super().__class_getitem__(element)  # type: ignore[misc]
        if not (isinstance(element, type) and issubclass(element, Integer)):
            raise TypeError(f"write Atomic[u64], not Atomic[{element!r}]")
        if element.bits not in (32, 64) or element.byte_order == "big":
            raise TypeError(f"the kernel has atomics of 32 and 64 bits only, not of {element.__name__}")
        if element not in cls._known:
            name = f"Atomic[{element.__name__}]"
            cls._known[element] = type(name, (Atomic,), {"__slots__": (), "element": element})
        return cls._known[element]

    @classmethod
    def memory_size(cls) -> int:
        if not hasattr(cls, "element"):
            raise TypeError("write Atomic[u64]: an atomic integer has a type")
        return size_of(cls.element)

    @classmethod
    def memory_alignment(cls) -> int:
        return size_of(cls.element)

    @classmethod
    def numpy_dtype(cls) -> numpy.dtype[Any]:
        """That of the integer."""
        return dtype_of(cls.element)

    @classmethod
    def view(cls, buffer: Any, offset: int = 0) -> Any:
        """The window on `buffer` at `offset`; nothing is copied."""
        self = object.__new__(cls)
        self._buffer = buffer
        self._offset = offset
        return self

    @property
    def value(self) -> I:
        """The number as it is now."""
        return cast("I", decode(self.element, self._buffer, self._offset))

    @value.setter
    def value(self, value: I) -> None:
        data = encode(self.element, value)
        self._buffer[self._offset : self._offset + len(data)] = data

    def add(self, amount: I | int) -> I:
        """Add, wrapping around; gives the value before."""
        return self._change(lambda old: old + amount)

    def and_(self, mask: I | int) -> I:
        """Keep the bits of a mask; gives the value before."""
        return self._change(lambda old: old & mask)

    def or_(self, mask: I | int) -> I:
        """Set the bits of a mask; gives the value before."""
        return self._change(lambda old: old | mask)

    def xor(self, mask: I | int) -> I:
        """Turn the bits of a mask over; gives the value before."""
        return self._change(lambda old: old ^ mask)

    def exchange(self, value: I | int) -> I:
        """Set; gives the value before."""
        return self._change(lambda _: value)

    def compare_exchange(self, expected: I | int, value: I | int) -> I:
        """Set where `expected` is the value; gives the value before, which then tells whether it was set."""
        return self._change(lambda old: value if old == expected else old)

    def _change(self, change: Callable[[Any], Any]) -> I:
        old = self.value
        self.value = change(old)
        return old

    def __repr__(self) -> str:
        return f"Atomic({self.value!r})"


def is_atomic(python_class: type) -> bool:
    """Whether a class is `Atomic`, of whichever integer."""
    return issubclass(python_class, Atomic)
