"""Integers of a fixed width, in the processor's byte order (little-endian) or in network order.

They are classes of their own, not subclasses of `int`: `u32 + u64` is an error for the type
checker, when run, and for the compiler, and arithmetic wraps around as it does in the kernel.
"""

from __future__ import annotations

from enum import Enum
from typing import Any, ClassVar, Literal, Self, SupportsIndex, cast

__all__ = ["Integer", "be16", "be32", "be64", "i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64"]

_UNMIXED: Any = NotImplemented
"""What an operator returns for a type that it does not take; `Any`, so that it can stand in an expression."""


class Integer:
    """Base of all integers. The number is immutable; `int(x)` gives it as a plain int."""

    __slots__ = ("_number",)
    _number: int

    bits: ClassVar[int] = 0
    signed: ClassVar[bool] = False
    byte_order: ClassVar[Literal["little", "big"]] = "little"

    def __new__(cls, value: SupportsIndex = 0) -> Self:
        """The number modulo 2**bits, read as signed where the type is."""
        return cls._holding(value.__index__())

    @classmethod
    def wrapped(cls, number: int) -> Self:
        """An instance with the number wrapped around at the type's width; of an enumeration, its member."""
        made = cls._holding(number)
        return made if type(cls) is type else cls(made._number)

    @classmethod
    def _holding(cls, number: int) -> Self:
        self = object.__new__(cls)
        number &= (1 << cls.bits) - 1
        if cls.signed and number >> (cls.bits - 1):
            number -= 1 << cls.bits
        self._number = number
        return self

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        """An enumeration over an integer type stays open: the kernel may hand us any number."""
        if not isinstance(value, (int, Integer)):
            return None
        self = cls._holding(int(value))
        members = cast("type[Enum]", cls)._value2member_map_
        if self._number in members:
            return cast("Self", members[self._number])
        member = cast("Enum", self)
        member._name_ = f"UNKNOWN_{self._number}"
        member._value_ = _plain_type(cls)(self._number)
        return self

    @classmethod
    def from_bytes(cls, data: bytes | bytearray | memoryview) -> Self:
        """Decode the type's own bytes."""
        return cls(int.from_bytes(data[: cls.bits // 8], cls.byte_order, signed=cls.signed))

    def to_bytes(self) -> bytes:
        """The bytes as they lie in memory."""
        return self._number.to_bytes(self.bits // 8, self.byte_order, signed=self.signed)

    def _operand(self, other: object) -> int | None:
        """The other side of an operator: the same type, or a plain int; None where they do not mix."""
        if isinstance(other, type(self)) and type(other) is type(self):
            return other._number
        if isinstance(other, Integer):
            mine, theirs = _plain_type(type(self)), _plain_type(type(other))
            return other._number if mine is theirs else None
        return int(other) if isinstance(other, int) else None

    def __index__(self) -> int:
        return self._number

    def __int__(self) -> int:
        return self._number

    def __bool__(self) -> bool:
        return self._number != 0

    def __hash__(self) -> int:
        return hash(self._number)

    def __eq__(self, other: object) -> bool:
        number = self._operand(other)
        return NotImplemented if number is None else self._number == number

    def __lt__(self, other: Self | int) -> bool:
        number = self._operand(other)
        return NotImplemented if number is None else self._number < number

    def __le__(self, other: Self | int) -> bool:
        number = self._operand(other)
        return NotImplemented if number is None else self._number <= number

    def __gt__(self, other: Self | int) -> bool:
        number = self._operand(other)
        return NotImplemented if number is None else self._number > number

    def __ge__(self, other: Self | int) -> bool:
        number = self._operand(other)
        return NotImplemented if number is None else self._number >= number

    def __and__(self, other: Self | int) -> Self:
        number = self._operand(other)
        return _UNMIXED if number is None else self.wrapped(self._number & number)

    __rand__ = __and__

    def __or__(self, other: Self | int) -> Self:
        number = self._operand(other)
        return _UNMIXED if number is None else self.wrapped(self._number | number)

    __ror__ = __or__

    def __xor__(self, other: Self | int) -> Self:
        number = self._operand(other)
        return _UNMIXED if number is None else self.wrapped(self._number ^ number)

    __rxor__ = __xor__

    def __invert__(self) -> Self:
        return self.wrapped(~self._number)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._number})"

    def __str__(self) -> str:
        return str(self._number)

    def __format__(self, specification: str) -> str:
        return format(self._number, specification) if specification else str(self)


def _plain_type(cls: type[Integer]) -> type[Integer]:
    """The integer type under an enumeration; any other type itself."""
    return cast("type[Integer]", cls.__mro__[1]) if issubclass(cls, Enum) else cls


class ArithmeticInteger(Integer):
    """An integer in the processor's own byte order: all operators."""

    __slots__ = ()

    def __add__(self, other: Self | int) -> Self:
        number = self._operand(other)
        return _UNMIXED if number is None else self.wrapped(self._number + number)

    __radd__ = __add__

    def __sub__(self, other: Self | int) -> Self:
        number = self._operand(other)
        return _UNMIXED if number is None else self.wrapped(self._number - number)

    def __rsub__(self, other: Self | int) -> Self:
        number = self._operand(other)
        return _UNMIXED if number is None else self.wrapped(number - self._number)

    def __mul__(self, other: Self | int) -> Self:
        number = self._operand(other)
        return _UNMIXED if number is None else self.wrapped(self._number * number)

    __rmul__ = __mul__

    def __floordiv__(self, other: Self | int) -> Self:
        """The kernel's division: towards zero, and x // 0 is 0."""
        number = self._operand(other)
        return _UNMIXED if number is None else self.wrapped(_quotient(self._number, self.wrapped(number)))

    def __rfloordiv__(self, other: Self | int) -> Self:
        number = self._operand(other)
        return _UNMIXED if number is None else self.wrapped(number) // self

    def __mod__(self, other: Self | int) -> Self:
        """The kernel's remainder: of the sign of the dividend, and x % 0 is x."""
        number = self._operand(other)
        if number is None:
            return NotImplemented
        divisor = self.wrapped(number)
        return self.wrapped(self._number - _quotient(self._number, divisor) * divisor._number)

    def __rmod__(self, other: Self | int) -> Self:
        number = self._operand(other)
        return _UNMIXED if number is None else self.wrapped(number) % self

    def __lshift__(self, other: Self | int) -> Self:
        """Shift counts are taken modulo 64 for 64-bit integers, modulo 32 for all others."""
        number = self._operand(other)
        return _UNMIXED if number is None else self.wrapped(self._number << self._shift_count(number))

    def __rlshift__(self, other: Self | int) -> Self:
        number = self._operand(other)
        return _UNMIXED if number is None else self.wrapped(number) << self

    def __rshift__(self, other: Self | int) -> Self:
        """Keeps the sign of signed integers; counts as in `<<`."""
        number = self._operand(other)
        return _UNMIXED if number is None else self.wrapped(self._number >> self._shift_count(number))

    def __rrshift__(self, other: Self | int) -> Self:
        number = self._operand(other)
        return _UNMIXED if number is None else self.wrapped(number) >> self

    def __neg__(self) -> Self:
        return self.wrapped(-self._number)

    def __abs__(self) -> Self:
        """The number without its sign; the least number of a type stays what it is, as in C."""
        return self.wrapped(abs(self._number))

    def _shift_count(self, number: int) -> int:
        return number & (max(self.bits, 32) - 1)


def _quotient(dividend: int, divisor: Integer) -> int:
    number = int(divisor)
    if number == 0:
        return 0
    quotient = abs(dividend) // abs(number)
    return -quotient if (dividend < 0) != (number < 0) else quotient


class u8(ArithmeticInteger):
    """An unsigned integer of 8 bits."""

    __slots__ = ()
    bits = 8


class u16(ArithmeticInteger):
    """An unsigned integer of 16 bits."""

    __slots__ = ()
    bits = 16


class u32(ArithmeticInteger):
    """An unsigned integer of 32 bits."""

    __slots__ = ()
    bits = 32


class u64(ArithmeticInteger):
    """An unsigned integer of 64 bits."""

    __slots__ = ()
    bits = 64


class i8(ArithmeticInteger):
    """A signed integer of 8 bits."""

    __slots__ = ()
    bits = 8
    signed = True


class i16(ArithmeticInteger):
    """A signed integer of 16 bits."""

    __slots__ = ()
    bits = 16
    signed = True


class i32(ArithmeticInteger):
    """A signed integer of 32 bits."""

    __slots__ = ()
    bits = 32
    signed = True


class i64(ArithmeticInteger):
    """A signed integer of 64 bits."""

    __slots__ = ()
    bits = 64
    signed = True


class be16(Integer):
    """An unsigned integer of 16 bits that lies in memory in network byte order.

    It compares and masks as the number it stands for; convert it with `u16(x)` to calculate.
    """

    __slots__ = ()
    bits = 16
    byte_order = "big"


class be32(Integer):
    """An unsigned integer of 32 bits that lies in memory in network byte order; see `be16`."""

    __slots__ = ()
    bits = 32
    byte_order = "big"


class be64(Integer):
    """An unsigned integer of 64 bits that lies in memory in network byte order; see `be16`."""

    __slots__ = ()
    bits = 64
    byte_order = "big"
