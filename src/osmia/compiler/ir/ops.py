"""The operations of the IR: registers set once, named locals for what changes, blocks with one way out.

A flat set of records, none derived from another. The meaning of `Binary` is the kernel's:
x / 0 is 0, x % 0 is x, shift counts are taken modulo the width (32 for narrower integers).
"""

from __future__ import annotations

from enum import Enum
from typing import Literal

from osmia.compiler.ir.types import (
    BoolType,
    IntegerType,
    IrType,
    MemoryType,
    PointerType,
    Space,
    StructType,
)
from osmia.dataclass import dataclass, field


@dataclass(frozen=True)
class Scope:
    """A function in the user's source, and where it was inlined."""

    name: str
    filename: str
    line: int
    inlined_at: Location | None = None


@dataclass(frozen=True)
class Location:
    """A source position of an operation; lines and columns count from 1."""

    line: int
    column: int
    scope: Scope


@dataclass(frozen=True, eq=False)
class Register:
    """The result of one operation."""

    index: int
    type: IrType


@dataclass(frozen=True)
class Number:
    """A known integer or bool, as the number it stands for (not as its bytes)."""

    value: int
    type: IrType


@dataclass(frozen=True)
class Null:
    """The absent pointer."""

    type: PointerType


Operand = Register | Number | Null

BinaryOperator = Literal["add", "sub", "mul", "div", "mod", "and", "or", "xor", "shl", "shr"]
FieldInfo = Literal["offset", "size", "exists", "signed", "left shift", "right shift"]
CompareOperator = Literal["eq", "ne", "lt", "le", "gt", "ge"]


@dataclass(frozen=True, eq=False)
class Local:
    """A variable: it may be set many times. `index` makes the name unique."""

    index: int
    name: str
    type: IrType


@dataclass(frozen=True, eq=False)
class StackSlot:
    """Bytes of the stack frame."""

    index: int
    type: MemoryType


@dataclass(frozen=True)
class MapDefinition:
    """A map that the object declares. Types are None where the map has none."""

    name: str
    map_type: int
    key: MemoryType | None
    value: MemoryType | None
    max_entries: int
    flags: int = 0
    programs: tuple[tuple[int, str], ...] = ()
    """Entries of a program array from the start."""
    inner: MapDefinition | None = None
    """What the maps in a map of maps are like."""
    pointer: Operand | None = None
    """Where the map is, for one that is found when the program runs; it is not in the object."""


@dataclass(frozen=True)
class VariableDefinition:
    """A configuration constant in `.rodata` with its default, or a global variable with its contents."""

    name: str
    type: MemoryType
    default: int = 0
    contents: bytes | None = None
    """Of a global variable."""

    @property
    def section(self) -> str:
        """The data section that it goes into."""
        if self.contents is None:
            return ".rodata"
        return ".data" if any(self.contents) else ".bss"


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


@dataclass(frozen=True)
class Parameter:
    """A parameter of a subprogram, or of a function of the kernel."""

    name: str
    type: IntegerType | BoolType | PointerType


@dataclass(frozen=True)
class KernelFunction:
    """A function of the kernel, found by its name when the object is loaded."""

    name: str
    parameters: tuple[Parameter, ...]
    result: IntegerType | BoolType | None
    context: str
    """The kernel's name of the context struct, for a parameter that is the context."""


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


def is_context(kind: IrType) -> bool:
    """Whether a parameter of this type is the context."""
    return isinstance(kind, PointerType) and kind.space is Space.CONTEXT


class Linkage(Enum):
    """What a function is to the kernel."""

    PROGRAM = "program"
    """Where the kernel enters."""
    STATIC = "static"
    """A subprogram; the verifier follows each call of it."""
    GLOBAL = "global"
    """A subprogram that the verifier looks at once, by itself."""


@dataclass(frozen=True, eq=False)
class Capture:
    """A variable that a function shares with the bodies of its counted loops.

    An `exact` one does not change from turn to turn: the verifier shall know it. What changes it must not
    know: it would follow the turns one by one.
    """

    local: Local
    exact: bool


@dataclass(frozen=True)
class TurnCall:
    """A helper that calls the body of a loop: what it takes before the body, and what it gives the body."""

    helper: int
    name: str
    arguments: tuple[Operand, ...]
    parameters: tuple[Parameter, ...]


@dataclass(frozen=True, eq=False)
class CountedLoop:
    """A loop whose turns a helper of the kernel shall make: blocks `head` up to `end`, by their index.

    `advance` is the block that a turn ends in, `ended` the one behind the last turn. `counter` takes the
    number of the turn, where it has one.
    """

    head: int
    end: int
    advance: int
    ended: int
    counter: Local | None
    call: TurnCall
    location: Location


@dataclass(frozen=True)
class FunctionIr:
    """A program: its argument is the context, its result an integer. Or a subprogram, with parameters."""

    name: str
    section: str
    context: str
    """The kernel's name of the context struct."""
    return_type: IntegerType | BoolType
    scope: Scope
    argument: str
    locals: tuple[Local, ...]
    slots: tuple[StackSlot, ...]
    blocks: tuple[Block, ...]
    linkage: Linkage = Linkage.PROGRAM
    parameters: tuple[Parameter, ...] = ()
    """Those of a subprogram; a program has its context only."""
    loops: tuple[CountedLoop, ...] = ()
    """Loops that are still to become functions (see `passes.outline_loops`)."""
    captures: tuple[Capture, ...] = ()
    """Variables that a function shares with the bodies of its counted loops."""
    captures_context: bool = False
    """Whether the context stands before them."""

    @property
    def has_context(self) -> bool:
        """Whether it is called with the context."""
        return self.linkage is Linkage.PROGRAM or any(is_context(each.type) for each in self.parameters)

    @property
    def is_loop_body(self) -> bool:
        """Whether it takes its variables from the function that it was a loop of."""
        return bool(self.parameters) and self.parameters[-1].type == PointerType(None, Space.STACK)


@dataclass(frozen=True)
class ModuleIr:
    """All that goes into one object."""

    functions: tuple[FunctionIr, ...]
    maps: tuple[MapDefinition, ...]
    variables: tuple[VariableDefinition, ...]
    log_formats: bytes
    """The table of log messages for user space (see `primitives.log`); empty where nothing is logged."""
    license: str = "Dual MIT/GPL"
