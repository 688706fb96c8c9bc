"""What operations work on: values, variables, places, and what an object declares; with source positions."""

from __future__ import annotations

from osmia.compiler.ir.types import BoolType, IntegerType, IrType, MemoryType, PointerType
from osmia.dataclass import dataclass


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
