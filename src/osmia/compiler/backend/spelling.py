"""How types, numbers and arguments are written in LLVM assembly."""

from __future__ import annotations

from osmia.compiler.ir.functions import is_context
from osmia.compiler.ir.operands import (
    Parameter,
)
from osmia.compiler.ir.types import (
    BoolType,
    IntegerType,
    IrType,
    MemoryType,
    PointerType,
    Space,
    alignment_of,
)


def number(value: int, kind: IrType) -> str:
    """A number of a type as it lies in memory: byte-ordered ones are swapped."""
    if isinstance(kind, IntegerType) and kind.big_endian:
        return str(int.from_bytes((value % (1 << kind.bits)).to_bytes(kind.size, "big"), "little"))
    return str(value)


def register_type(kind: IrType) -> str:
    """The type of a value; a bool is one bit."""
    match kind:
        case IntegerType(bits=bits):
            return f"i{bits}"
        case BoolType():
            return "i1"
        case _:
            return "ptr"


def memory_type(kind: MemoryType) -> str:
    """The type of a place in memory; a bool is one byte."""
    match kind:
        case IntegerType(bits=bits):
            return f"i{bits}"
        case BoolType():
            return "i8"
        case _:
            return f"[{kind.size} x i8]"


def argument_type(kind: IrType) -> str:
    """The type of an argument: an address, or a number in 64 bits."""
    return "ptr" if isinstance(kind, PointerType) else "i64"


def argument_name(parameter: Parameter, position: int) -> str:
    """The name of a parameter; the context has its own in every function."""
    if is_context(parameter.type):
        return "%ctx"
    is_captures = parameter.type == PointerType(None, Space.STACK)
    return "%captures" if is_captures else f"%a{position}"


def local_type(kind: IrType) -> str:
    """The type of a variable."""
    return "ptr" if isinstance(kind, PointerType) else memory_type(kind)


def local_alignment(kind: IrType) -> int:
    """The alignment of a variable in bytes."""
    return 8 if isinstance(kind, PointerType) else alignment_of(kind)
