"""What an expression of a kernel function can be while it is checked."""

from __future__ import annotations

from osmia.compiler.ir.operands import Local, Number, Operand
from osmia.compiler.ir.types import BoolType, IntegerType, PointerType
from osmia.dataclass import dataclass, field


@dataclass(frozen=True, eq=False)
class Reservation:
    """Room in a ring buffer that one call of `reserve` took; each is told from all others."""

    ring: object
    """The declaration of the ring buffer."""
    name: str
    line: int
    place: Local
    """The address, null while there is nothing to give back."""


@dataclass(frozen=True)
class Scalar:
    """An integer of a fixed width, or a bool; the number is known to lie in `low` to `high`."""

    operand: Operand
    low: int
    high: int

    @property
    def type(self) -> IntegerType | BoolType:
        """Its type."""
        assert isinstance(self.operand.type, IntegerType | BoolType)
        return self.operand.type

    def __str__(self) -> str:
        return str(self.type)


@dataclass(frozen=True)
class PlainInt:
    """A plain Python int: a literal or a loop index. The operand has 64 bits and the range is known."""

    operand: Operand
    low: int
    high: int

    def __str__(self) -> str:
        return "int"


@dataclass(frozen=True)
class Reference:
    """A struct, an array, or a `Pointer` to an integer, in memory; None at run time where it is nullable."""

    operand: Operand
    origin: str = ""
    """Where it came from, for the message when it is used unchecked."""
    fresh: bool = False
    """Built by this very expression: nothing else refers to its memory."""
    roots: frozenset[str] = frozenset()
    """The variables through which its struct was reached."""
    sure: Operand | None = None
    """Its address where it is not None; LLVM then sees one address, not a choice between it and null."""
    reservations: frozenset[Reservation] = field(default=frozenset(), kw_only=True)
    """The room in ring buffers that it may lie in."""

    @property
    def type(self) -> PointerType:
        """Its type."""
        assert isinstance(self.operand.type, PointerType)
        return self.operand.type

    def __str__(self) -> str:
        pointee = self.type.pointee
        name = f"Pointer[{pointee}]" if isinstance(pointee, IntegerType | BoolType) else str(pointee)
        return f"{name} | None" if self.type.nullable else name


@dataclass(frozen=True)
class Absent:
    """None."""

    def __str__(self) -> str:
        return "None"


@dataclass(frozen=True)
class Static:
    """A Python object known when the program is compiled: a module, class, function or map."""

    value: object

    def __str__(self) -> str:
        if isinstance(self.value, type):
            return f"type[{self.value.__name__}]"
        return type(self.value).__name__


@dataclass(frozen=True)
class Cursor:
    """A packet cursor: where it stands, the end of the packet, and whether it was moved far beyond that."""

    position: Local
    end: Local
    exhausted: Local

    def __str__(self) -> str:
        return "Packet"


@dataclass(frozen=True)
class Context:
    """The program's context, of one of the context classes."""

    context_type: type

    def __str__(self) -> str:
        return self.context_type.__name__


@dataclass(frozen=True)
class Method:
    """A method together with what it is called on."""

    receiver: Value
    name: str

    def __str__(self) -> str:
        return f"{self.receiver}.{self.name}"


@dataclass(frozen=True)
class Several:
    """The values of a tuple: they are unpacked where they stand and have no place in memory."""

    values: tuple[Value, ...]

    def __str__(self) -> str:
        return f"tuple[{', '.join(str(value) for value in self.values)}]"


@dataclass(frozen=True)
class Bytes:
    """A bytes literal: to compare arrays with, or to make one of."""

    data: bytes

    def __str__(self) -> str:
        return "bytes"


@dataclass(frozen=True)
class Poison:
    """What stood here was wrong and was reported; it silences what follows from it."""

    def __str__(self) -> str:
        return "?"


Value = Scalar | PlainInt | Reference | Absent | Static | Cursor | Context | Method | Several | Bytes | Poison


def limits(kind: IntegerType | BoolType) -> tuple[int, int]:
    """The least and the greatest number of a type."""
    if isinstance(kind, BoolType):
        return 0, 1
    if kind.signed:
        return -(1 << (kind.bits - 1)), (1 << (kind.bits - 1)) - 1
    return 0, (1 << kind.bits) - 1


def scalar(operand: Operand) -> Scalar:
    """A scalar of which no more than its type is known, or its number."""
    if isinstance(operand, Number):
        return Scalar(operand, operand.value, operand.value)
    assert isinstance(operand.type, IntegerType | BoolType)
    return Scalar(operand, *limits(operand.type))
