"""`@struct`: a record laid out as in C, shared by both sides."""

# The descriptors below are the fields of the records: they reach into them.
# pyright: reportPrivateUsage=false

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from enum import Enum
from struct import Struct as Packer
from types import FrameType
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast, dataclass_transform, get_type_hints

from osmia.lang.integers import Integer
from osmia.lang.memory import (
    Aggregate,
    FieldLayout,
    alignment_of,
    decode,
    dtype_of,
    encode,
    padding_of,
    size_of,
)

if TYPE_CHECKING:
    import numpy

__all__ = ["Struct", "Union", "struct", "union"]

T = TypeVar("T")
_new = object.__new__


class Struct(Aggregate):
    """What `@struct` makes of a class: a window on the bytes of the record."""

    __slots__ = ()
    layout: ClassVar[tuple[FieldLayout, ...]] = ()
    defaults: ClassVar[dict[str, Any]] = {}
    _size: ClassVar[int] = 0
    _gaps: ClassVar[tuple[tuple[int, int], ...]] = ()
    _alignment: ClassVar[int] = 1

    def __init__(self, **values: Any) -> None:
        """Set all fields by name; padding is zero."""
        self._buffer = bytearray(self._size)
        self._offset = 0
        for field in self.layout:
            if field.name in values:
                setattr(self, field.name, values.pop(field.name))
            elif field.name in self.defaults:
                setattr(self, field.name, self.defaults[field.name])
            else:
                raise TypeError(f"{type(self).__name__}: field {field.name!r} is missing")
        if values:
            raise TypeError(f"{type(self).__name__} has no field {next(iter(values))!r}")

    @classmethod
    def memory_size(cls) -> int:
        return cls._size

    @classmethod
    def memory_alignment(cls) -> int:
        return cls._alignment

    @classmethod
    def _padding(cls) -> tuple[tuple[int, int], ...]:
        return cls._gaps

    @classmethod
    def numpy_dtype(cls) -> numpy.dtype[Any]:
        """The structured dtype, padding included."""
        import numpy

        return numpy.dtype(
            {
                "names": [field.name for field in cls.layout],
                "formats": [dtype_of(field.type) for field in cls.layout],
                "offsets": [field.offset for field in cls.layout],
                "itemsize": cls._size,
            }
        )

    def __repr__(self) -> str:
        fields = ", ".join(f"{field.name}={getattr(self, field.name)}" for field in self.layout)
        return f"{type(self).__name__}({fields})"


class Union(Struct):
    """What `@union` makes of a class: several meanings of the same bytes."""

    __slots__ = ()

    def __init__(self) -> None:
        """All bytes are zero."""
        self._buffer = bytearray(self._size)
        self._offset = 0


class _IntegerField:
    """Reads and writes one integer field in place."""

    __slots__ = ("_is_enumeration", "_layout", "_start", "_type", "_unpack")

    def __init__(self, layout: FieldLayout) -> None:
        self._layout = layout
        self._start = layout.offset
        self._type = cast("type[Integer]", layout.type)
        self._is_enumeration = issubclass(layout.type, Enum)
        code = {1: "b", 2: "h", 4: "i", 8: "q"}[layout.size]
        order = ">" if self._type.byte_order == "big" else "<"
        self._unpack = Packer(order + (code if self._type.signed else code.upper())).unpack_from

    def __get__(self, instance: Struct | None, owner: type[Struct]) -> Any:
        if instance is None:
            return self._layout
        (number,) = self._unpack(instance._buffer, instance._offset + self._start)
        if self._is_enumeration:
            return self._type(number)
        # As the type's own `__new__`, which also wraps around: what was unpacked fits.
        value = _new(self._type)
        value._number = number
        return value

    def __set__(self, instance: Struct, value: Any) -> None:
        start = instance._offset + self._layout.offset
        instance._buffer[start : start + self._layout.size] = encode(self._layout.type, value)


class _Field:
    """Reads one field in place as a window, or as a bool; writes it as a copy."""

    __slots__ = ("_layout",)

    def __init__(self, layout: FieldLayout) -> None:
        self._layout = layout

    def __get__(self, instance: Struct | None, owner: type[Struct]) -> Any:
        if instance is None:
            return self._layout
        return decode(self._layout.type, instance._buffer, instance._offset + self._layout.offset)

    def __set__(self, instance: Struct, value: Any) -> None:
        start = instance._offset + self._layout.offset
        instance._buffer[start : start + self._layout.size] = encode(self._layout.type, value)


@dataclass_transform(kw_only_default=True)
def struct(cls: type[T]) -> type[T]:
    """Make a record of an annotated class: fields in order, aligned as in C, padding zeroed.

    Fields are integers, enumerations over integers, bool, `Array[...]` and other structs.
    Properties and methods of the class are compiled where a kernel function uses them.
    """
    return _make(cls, Struct, sys._getframe(1))


def union(cls: type[T]) -> type[T]:
    """Make a union of an annotated class, as in C: each field begins at the first byte.

    It is made zeroed, without arguments; then a field is set. What another field reads from these
    bytes is what they mean as its type, in both worlds. Unions are equal when all their bytes are.

        @union
        class Address:
            v4: be32
            v6: Array[u8, Literal[16]]

        address = Address()
        address.v4 = header.src_addr

    Raises TypeError for a default: no field comes before another.
    """
    for name in cls.__annotations__:
        if name in cls.__dict__:
            raise TypeError(f"{cls.__name__}.{name}: a field of a union has no default; set it later")
    return _make(cls, Union, sys._getframe(1))


def _make(cls: type[T], base: type[Struct], caller: FrameType) -> type[T]:
    if cls.__bases__ != (object,):
        raise TypeError(f"{cls.__name__}: a struct cannot inherit; make the other struct its first field")
    hints = get_type_hints(cls, globalns=caller.f_globals, localns=caller.f_locals)
    layout, size, alignment = _lay_out(cls.__name__, hints, overlap=base is Union)
    defaults = {name: cls.__dict__[name] for name in hints if name in cls.__dict__}
    namespace = {
        name: value
        for name, value in cls.__dict__.items()
        if name not in ("__dict__", "__weakref__") and name not in hints
    }
    make_field: Callable[[FieldLayout], Any]
    for field in layout:
        make_field = _IntegerField if issubclass(field.type, Integer) else _Field
        namespace[field.name] = make_field(field)
    namespace |= {
        "__slots__": (),
        "layout": layout,
        "defaults": defaults,
        "_size": size,
        "_alignment": alignment,
        "_gaps": () if base is Union else tuple(_gaps(layout, size)),
    }
    return cast("type[T]", type(cls.__name__, (base,), namespace))


def _lay_out(name: str, hints: dict[str, Any], *, overlap: bool) -> tuple[tuple[FieldLayout, ...], int, int]:
    fields: list[FieldLayout] = []
    end, largest = 0, 1
    for field_name, field_type in hints.items():
        if not isinstance(field_type, type):
            raise TypeError(f"{name}.{field_name}: {field_type!r} has no layout in memory")
        try:
            size, alignment = size_of(field_type), alignment_of(field_type)
        except TypeError as error:
            raise TypeError(f"{name}.{field_name}: {error}") from None
        offset = 0 if overlap else _round_up(end, alignment)
        fields.append(FieldLayout(field_name, field_type, offset, size))
        end, largest = max(end, offset + size), max(largest, alignment)
    return tuple(fields), _round_up(end, largest), largest


def _gaps(layout: tuple[FieldLayout, ...], size: int) -> Iterator[tuple[int, int]]:
    """The bytes between the fields, in them, and behind the last."""
    end = 0
    for field in layout:
        if field.offset > end:
            yield end, field.offset
        for start, stop in padding_of(field.type):
            yield field.offset + start, field.offset + stop
        end = field.offset + field.size
    if end < size:
        yield end, size


def _round_up(number: int, multiple: int) -> int:
    return (number + multiple - 1) // multiple * multiple
