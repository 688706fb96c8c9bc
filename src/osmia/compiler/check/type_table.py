"""Python classes as types of the IR, and back to the class where a method or property is looked for."""

from __future__ import annotations

from enum import Enum
from types import NoneType, UnionType
from typing import Any, Literal, Union, cast, get_args, get_origin

from osmia.compiler.ir.types import (
    BOOL,
    U32,
    ArrayType,
    BoolType,
    IntegerType,
    KernelField as KernelFieldType,
    KernelStruct as KernelStructType,
    MemoryType,
    StructField,
    StructType,
)
from osmia.dataclass import replace
from osmia.lang.arrays import Array
from osmia.lang.atomics import Atomic
from osmia.lang.integers import Integer, u64
from osmia.lang.kernel_structs import KernelStruct, field_layout, type_size
from osmia.lang.map_of_maps import MapOfMaps
from osmia.lang.pointers import Pointer
from osmia.lang.spin_locks import SpinLock
from osmia.lang.structs import Struct, Union as UnionClass
from osmia.lang.timers import Timer


class TypeTable:
    """The memory types of one compilation."""

    def __init__(self) -> None:
        self._classes: dict[MemoryType, type[Any]] = {}
        self._types: dict[type[Any], MemoryType] = {}
        self._maps: dict[MemoryType, MapOfMaps[Any, Any]] = {}
        self._kernel_structs: dict[type[KernelStruct], StructType] = {}

    def memory_type(self, python_type: object) -> MemoryType | None:
        """The IR type of a memory class, or None for anything else."""
        if not isinstance(python_type, type):
            return None
        if python_type not in self._types:
            converted = self._convert(python_type)
            if converted is None:
                return None
            number = 2
            while converted in self._classes and not isinstance(converted, BoolType):
                # Another class of that name and layout: its properties and methods are its own.
                converted = replace(converted, name=f"{python_type.__name__}_{number}")
                number += 1
            self._types[python_type] = converted
            self._classes[converted] = python_type
        return self._types[python_type]

    def python_class(self, memory_type: MemoryType) -> type[Any] | None:
        """The class that a type was made of."""
        return self._classes.get(memory_type)

    def _convert(self, python_type: type[Any]) -> MemoryType | None:
        if python_type is bool:
            return BOOL
        if issubclass(python_type, Integer) and python_type.bits:
            base = python_type.__mro__[1].__name__ if issubclass(python_type, Enum) else ""
            return IntegerType(
                python_type.__name__,
                python_type.bits,
                python_type.signed,
                python_type.byte_order == "big",
                base,
            )
        if issubclass(python_type, Struct):
            fields: list[StructField] = []
            for layout in python_type.layout:
                field_type = self.memory_type(layout.type)
                assert field_type is not None
                fields.append(StructField(layout.name, field_type, layout.offset))
            return StructType(
                python_type.__name__,
                tuple(fields),
                python_type.memory_size(),
                python_type.memory_alignment(),
                is_union=issubclass(python_type, UnionClass),
            )
        if python_type is SpinLock:
            # The kernel knows it by this name.
            return StructType("bpf_spin_lock", (StructField("val", U32, 0),), 4, 4)
        if python_type is Timer:
            opaque = self.memory_type(Array[u64, Literal[2]])
            assert opaque is not None
            return StructType("bpf_timer", (StructField("__opaque", opaque, 0),), 16, 8)
        if issubclass(python_type, Atomic) and python_type is not Atomic:
            element = self.memory_type(python_type.element)
            assert element is not None
            # The name is that of a struct in BTF, where only identifiers are names.
            name = f"atomic_{python_type.element.__name__}"
            return StructType(name, (StructField("value", element, 0),), element.size, element.size)
        if issubclass(python_type, Array) and python_type is not Array:
            element = self.memory_type(python_type.element)
            assert element is not None
            return ArrayType(python_type.__name__, element, python_type.length)
        return None

    def split_optional(self, annotation: object) -> tuple[object, bool]:
        """`X | None` as X and True; anything else as it is and False."""
        if get_origin(annotation) in (Union, UnionType):
            members = [member for member in get_args(annotation) if member is not NoneType]
            if len(members) == 1 and len(get_args(annotation)) == 2:
                return members[0], True
        return annotation, False

    def kernel_struct(self, python_class: type[KernelStruct]) -> StructType:
        """The type of a struct of the kernel."""
        if python_class not in self._kernel_structs:
            fields: list[KernelFieldType] = []
            for field, offset, _ in field_layout(python_class):
                kind: MemoryType | None = None
                if field.type is not None and not field.pointer:
                    nested = issubclass(field.type, KernelStruct)
                    kind = self.kernel_struct(field.type) if nested else self.memory_type(field.type)
                fields.append(
                    KernelFieldType(field.name, kind, offset, field.bits, field.is_enum, field.kernel_name)
                )
            kernel = KernelStructType(python_class.kernel_name, python_class.is_union, tuple(fields))
            size = int(type_size(python_class))
            made = StructType(python_class.__name__, (), size, 8, kernel)
            self._kernel_structs[python_class] = made
            self._classes[made] = python_class
        return self._kernel_structs[python_class]

    def map_type(self, outer: MapOfMaps[Any, Any]) -> StructType:
        """What a map in a map of maps is: a type without contents, of the name of the map's class."""
        for known, declaration in self._maps.items():
            if declaration is outer and isinstance(known, StructType):
                return known
        name = type(outer.inner).__name__
        made = StructType(name if not self._maps else f"{name}_{len(self._maps) + 1}", (), 0, 8)
        self._maps[made] = outer
        return made

    def map_of(self, kind: MemoryType) -> MapOfMaps[Any, Any]:
        """The map of maps that a map was found in."""
        return self._maps[kind]

    def pointer_target(self, annotation: object) -> MemoryType | None:
        """The integer type T of `Pointer[T]`, or the type of a struct of the kernel, else None."""
        if isinstance(annotation, type) and issubclass(annotation, KernelStruct):
            return self.kernel_struct(annotation)
        if get_origin(annotation) is Pointer:
            return self.memory_type(cast("tuple[object]", get_args(annotation))[0])
        return None
