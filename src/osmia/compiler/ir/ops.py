"""The operations of the IR: registers set once, named locals for what changes, blocks with one way out.

A flat set of records, none derived from another. The meaning of `Binary` is the kernel's:
x / 0 is 0, x % 0 is x, shift counts are taken modulo the width (32 for narrower integers).
"""

from __future__ import annotations

from typing import Literal

from osmia.compiler.ir.operands import (
    KernelFunction,
    Local,
    Location,
    MapDefinition,
    Operand,
    Register,
    StackSlot,
    VariableDefinition,
)
from osmia.compiler.ir.types import IntegerType, StructType
from osmia.dataclass import dataclass, field

BinaryOperator = Literal["add", "sub", "mul", "div", "mod", "and", "or", "xor", "shl", "shr"]


FieldInfo = Literal["offset", "size", "exists", "signed", "left shift", "right shift"]


CompareOperator = Literal["eq", "ne", "lt", "le", "gt", "ge"]


@dataclass(frozen=True, eq=False)
class LoadLocal:
    """The value of a variable."""

    result: Register
    local: Local


@dataclass(frozen=True, eq=False)
class StoreLocal:
    """Set a variable."""

    local: Local
    value: Operand


@dataclass(frozen=True, eq=False)
class Binary:
    """Both operands and the result have one integer type; byte-ordered ones only know and, or, xor."""

    result: Register
    operator: BinaryOperator
    left: Operand
    right: Operand


@dataclass(frozen=True, eq=False)
class Compare:
    """Two integers of one type; the type says whether signed, and in which byte order."""

    result: Register
    operator: CompareOperator
    left: Operand
    right: Operand


@dataclass(frozen=True, eq=False)
class IsNull:
    """Whether a pointer is null."""

    result: Register
    pointer: Operand


@dataclass(frozen=True, eq=False)
class PointerAbove:
    """Whether `left` lies above `right`: the shape of a packet bound that the verifier follows."""

    result: Register
    left: Operand
    right: Operand


@dataclass(frozen=True, eq=False)
class PointerDifference:
    """Bytes from `right` to `left`."""

    result: Register
    left: Operand
    right: Operand


@dataclass(frozen=True, eq=False)
class Convert:
    """An integer or bool as another integer type: wraps, extends by the sign of the source, swaps bytes."""

    result: Register
    value: Operand


@dataclass(frozen=True, eq=False)
class Reinterpret:
    """The same bits as another integer type of the same width."""

    result: Register
    value: Operand


@dataclass(frozen=True, eq=False)
class Opaque:
    """The same number or address, of which LLVM knows nothing: a bound that follows stays as it is."""

    result: Register
    value: Operand


@dataclass(frozen=True, eq=False)
class SlotAddress:
    """The address of bytes of the stack."""

    result: Register
    slot: StackSlot


@dataclass(frozen=True, eq=False)
class VariableAddress:
    """The address of a configuration constant or a global variable."""

    result: Register
    variable: VariableDefinition


@dataclass(frozen=True, eq=False)
class MapAddress:
    """A map, as helpers take it."""

    result: Register
    map: MapDefinition


@dataclass(frozen=True, eq=False)
class ContextAddress:
    """The argument of the program."""

    result: Register


@dataclass(frozen=True, eq=False)
class ContextField:
    """A field of the context at a byte offset. A pointer result is a 32-bit field that the kernel widens.

    `reload` keeps the load where it stands, for fields that a helper has changed.
    """

    result: Register
    offset: int
    size: int
    reload: bool = False


@dataclass(frozen=True, eq=False)
class StoreContext:
    """Set a field of the context; an integer that is narrower is widened with zeros."""

    offset: int
    size: int
    value: Operand


@dataclass(frozen=True, eq=False)
class Offset:
    """A pointer moved by bytes."""

    result: Register
    pointer: Operand
    offset: Operand


@dataclass(frozen=True, eq=False)
class Load:
    """Read memory."""

    result: Register
    pointer: Operand
    alignment: int


@dataclass(frozen=True, eq=False)
class Store:
    """Write memory."""

    pointer: Operand
    value: Operand
    alignment: int


@dataclass(frozen=True, eq=False)
class AtomicAdd:
    """Add to 32 or 64 bits of memory that others write as well; the old value is not had (Linux 5.12)."""

    pointer: Operand
    value: Operand


@dataclass(frozen=True, eq=False)
class KernelFieldAddress:
    """The address of a field of a kernel struct: a CO-RE relocation; `pointer` may be null for a query."""

    result: Register
    pointer: Operand
    struct: StructType
    index: int


@dataclass(frozen=True, eq=False)
class KernelFieldInfo:
    """What the kernel says of a field, a number of 32 bits; `kind` is that of the relocation."""

    result: Register
    pointer: Operand
    struct: StructType
    index: int
    kind: FieldInfo


@dataclass(frozen=True, eq=False)
class KernelTypeInfo:
    """Whether the kernel has a struct (`size` false), or its bytes, a number of 32 bits."""

    result: Register
    struct: StructType
    size: bool


@dataclass(frozen=True)
class KernelEnum:
    """An enumeration of the kernel, as the object declares it; CO-RE finds its members by their names."""

    name: str
    type: IntegerType
    members: tuple[tuple[str, int], ...]

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, eq=False)
class KernelEnumInfo:
    """Whether the kernel has a member of an enumeration, or its number there; 64 bits."""

    result: Register
    enumeration: KernelEnum
    index: int
    exists: bool


@dataclass(frozen=True, eq=False)
class AddressToPointer:
    """A 64-bit number as the pointer that it is."""

    result: Register
    value: Operand


@dataclass(frozen=True, eq=False)
class PointerToAddress:
    """A pointer as a number of 64 bits."""

    result: Register
    pointer: Operand


AtomicOperator = Literal["add", "and", "or", "xor", "xchg"]


@dataclass(frozen=True, eq=False)
class AtomicUpdate:
    """Change 32 or 64 bits of memory in one step; the result, the value before, needs Linux 5.12 if used."""

    result: Register
    operator: AtomicOperator
    pointer: Operand
    value: Operand


@dataclass(frozen=True, eq=False)
class AtomicCompareExchange:
    """Set 32 or 64 bits of memory where they are as expected; the result is the value before (Linux 5.12)."""

    result: Register
    pointer: Operand
    expected: Operand
    value: Operand


@dataclass(frozen=True, eq=False)
class Zero:
    """Set bytes to zero."""

    pointer: Operand
    size: int
    alignment: int


@dataclass(frozen=True, eq=False)
class Copy:
    """Copy bytes; source and target do not overlap."""

    target: Operand
    source: Operand
    size: int
    alignment: int


@dataclass(frozen=True, eq=False)
class CallHelper:
    """A call of a kernel helper by its number; integer arguments are widened to 64 bits first."""

    result: Register
    helper: int
    name: str
    arguments: tuple[Operand, ...]


@dataclass(frozen=True, eq=False)
class Argument:
    """A parameter of a subprogram, by its position."""

    result: Register
    position: int


@dataclass(frozen=True, eq=False)
class CallFunction:
    """A call of a subprogram of the object, by its name there."""

    result: Register
    function: str
    arguments: tuple[Operand, ...]


@dataclass(frozen=True, eq=False)
class CallKernelFunction:
    """A call of a function of the kernel."""

    result: Register
    function: KernelFunction
    arguments: tuple[Operand, ...]


@dataclass(frozen=True, eq=False)
class KernelFunctionExists:
    """Whether the kernel has a function: known when the object is loaded."""

    result: Register
    function: KernelFunction


@dataclass(frozen=True, eq=False)
class FunctionAddress:
    """A function of the object, as helpers take it that call it."""

    result: Register
    function: str
    later: bool = False
    """Whether it is called by itself, after the program, with a stack of its own."""


@dataclass(frozen=True, eq=False)
class CapturesAddress:
    """Where the variables lie that a function shares with the bodies of its counted loops."""

    result: Register


@dataclass(frozen=True, eq=False)
class Jump:
    """Go on in another block."""

    target: Block


@dataclass(frozen=True, eq=False)
class Branch:
    """Go on in one of two blocks."""

    condition: Operand
    then: Block
    otherwise: Block


@dataclass(frozen=True, eq=False)
class Return:
    """End the program."""

    value: Operand


Operation = (
    LoadLocal
    | StoreLocal
    | Binary
    | Compare
    | IsNull
    | PointerAbove
    | PointerDifference
    | Convert
    | Reinterpret
    | Opaque
    | SlotAddress
    | VariableAddress
    | MapAddress
    | ContextAddress
    | ContextField
    | StoreContext
    | Offset
    | Load
    | Store
    | AtomicAdd
    | AtomicUpdate
    | AtomicCompareExchange
    | KernelFieldAddress
    | KernelFieldInfo
    | KernelTypeInfo
    | KernelEnumInfo
    | AddressToPointer
    | PointerToAddress
    | Zero
    | Copy
    | CallHelper
    | Argument
    | CallFunction
    | CallKernelFunction
    | KernelFunctionExists
    | FunctionAddress
    | CapturesAddress
)


Terminator = Jump | Branch | Return


@dataclass(eq=False)
class Block:
    """Operations with their positions, then one way out. Filled by the builder, then left alone."""

    index: int
    operations: list[tuple[Operation, Location]] = field(default_factory=list[tuple["Operation", Location]])
    terminator: tuple[Terminator, Location] | None = None
