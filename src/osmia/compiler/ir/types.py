"""The types of the IR. Equality is by value; integers with a name of their own stay distinct."""

from __future__ import annotations

from enum import Enum

from osmia.dataclass import dataclass, field


@dataclass(frozen=True)
class IntegerType:
    """An integer in memory or in a register. `base` is the plain type under an enumeration, else the name."""

    name: str
    bits: int
    signed: bool = False
    big_endian: bool = False
    base: str = ""

    @property
    def size(self) -> int:
        """Bytes."""
        return self.bits // 8

    @property
    def plain(self) -> str:
        """What decides whether two integers mix."""
        return self.base or self.name

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class BoolType:
    """True or False; one byte in memory."""

    size: int = 1

    def __str__(self) -> str:
        return "bool"


@dataclass(frozen=True)
class StructField:
    """A field; the offset is in bytes."""

    name: str
    type: MemoryType
    offset: int


@dataclass(frozen=True)
class KernelField:
    """A field of a kernel struct: `type` is None for a pointer. The offset, in bytes, holds nowhere."""

    name: str
    type: MemoryType | None
    offset: int
    bits: int = 0
    """Bits of a bit field, else 0."""
    is_enum: bool = False
    kernel_name: str = ""


@dataclass(frozen=True)
class KernelStruct:
    """What an object says of a struct whose layout the kernel knows; CO-RE finds it by these names."""

    name: str
    is_union: bool
    fields: tuple[KernelField, ...]


@dataclass(frozen=True)
class StructType:
    """A record with the layout that C gives it, or with `kernel` one that is only read, by CO-RE."""

    name: str
    fields: tuple[StructField, ...]
    size: int
    alignment: int
    kernel: KernelStruct | None = None
    is_union: bool = False

    @property
    def has_padding(self) -> bool:
        """Whether some byte belongs to no field; all bytes of a union are its value."""
        return not self.is_union and sum(member.type.size for member in self.fields) != self.size

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class ArrayType:
    """Values of one type in a row."""

    name: str
    element: MemoryType
    length: int

    @property
    def size(self) -> int:
        """Bytes."""
        return self.element.size * self.length

    def __str__(self) -> str:
        return self.name


MemoryType = IntegerType | BoolType | StructType | ArrayType


def alignment_of(memory_type: MemoryType) -> int:
    """Alignment in bytes."""
    match memory_type:
        case StructType(alignment=alignment):
            return alignment
        case ArrayType(element=element):
            return alignment_of(element)
        case _:
            return memory_type.size


class Space(Enum):
    """Where a pointer points: the verifier has rules for each."""

    STACK = "stack"
    PACKET = "packet"
    MAP_VALUE = "map value"
    SHARED_MAP_VALUE = "shared map value"
    """A value that several processors write: `+=` on it is atomic."""
    RING_BUFFER = "ring buffer"
    MEMORY = "memory"
    """What a global function is given: the stack of another function, a map value, anything."""
    CONTEXT = "context"
    KERNEL = "kernel"
    """Any address: memory is read with bpf_probe_read_kernel."""
    BTF = "typed kernel"
    """A pointer whose type the verifier knows: memory is read directly, and reads as 0 where it is not."""
    MAP = "map"
    FUNCTION = "function"


@dataclass(frozen=True)
class PointerType:
    """An address; `pointee` is None for contexts, maps and raw positions."""

    pointee: MemoryType | None
    space: Space
    nullable: bool = False

    size: int = field(default=8, init=False, repr=False)

    def __str__(self) -> str:
        inner = "" if self.pointee is None else f"{self.pointee}, "
        return f"ptr[{inner}{self.space.value}]" + ("?" if self.nullable else "")


IrType = MemoryType | PointerType

SHARED = frozenset({Space.SHARED_MAP_VALUE, Space.MEMORY})
"""Memory that other processors may write at the same time."""

U8 = IntegerType("u8", 8)
U16 = IntegerType("u16", 16)
U32 = IntegerType("u32", 32)
U64 = IntegerType("u64", 64)
I32 = IntegerType("i32", 32, signed=True)
I64 = IntegerType("i64", 64, signed=True)
BOOL = BoolType()
