"""What the compiler knows of a context."""

from __future__ import annotations

from collections.abc import Mapping

from osmia.compiler.ir.types import ArrayType, IntegerType
from osmia.dataclass import dataclass


@dataclass(frozen=True)
class ContextFieldRow:
    """A field's byte offset, its type in the language, its size there, and whether programs may set it."""

    offset: int
    type: IntegerType | ArrayType
    size: int = 4
    writable: bool = False


@dataclass(frozen=True)
class ContextRow:
    """A context: the kernel's name, its fields, and where it has the bounds of its packet, each of a size."""

    kernel_name: str
    fields: Mapping[str, ContextFieldRow]
    data: int = 0
    data_end: int = 0
    bounds_size: int = 4
