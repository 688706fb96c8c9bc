"""Contexts that the kernel has as a record: their fields, with the kernel's names of them."""

from __future__ import annotations

from collections.abc import Iterator
from ctypes import Structure
from typing import Any, ClassVar, Generic, Never, Self, TypeVar, cast, overload

from osmia.lang.arrays import Array
from osmia.lang.integers import Integer

__all__ = ["ContextField", "RecordContext", "WritableField", "fields_of"]

T = TypeVar("T", bound="Integer | Array[Any, Any]")


class ContextField(Generic[T]):
    """A field that programs read: its type here, and its name in the kernel's record."""

    writable: ClassVar[bool] = False

    def __init__(self, type: type[T], kernel_name: str) -> None:
        self.type = type
        self.kernel_name = kernel_name
        self.name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, context: None, owner: type | None = None) -> Self: ...
    @overload
    def __get__(self, context: RecordContext, owner: type | None = None) -> T: ...
    def __get__(self, context: RecordContext | None, owner: type | None = None) -> Self | T:
        if context is None:
            return self
        return context.given(self)

    def __set__(self, context: RecordContext, value: Never) -> None:
        raise AttributeError(f"programs cannot set {self.name}")

    def convert(self, value: Any) -> T:
        """A value of a test as the program will read it."""
        if isinstance(value, self.type):
            return value
        return cast("T", cast("Any", self.type)(*(value if issubclass(self.type, Array) else (value,))))


class WritableField(ContextField[T]):
    """A field that programs also set."""

    writable = True

    def __set__(self, context: RecordContext, value: T) -> None:
        context.change(self, value)


class RecordContext:
    """A context made of fields; a test gives those that its program reads by keyword, the rest is zero."""

    record: ClassVar[type[Structure]]
    """Where the kernel has the fields."""
    kernel_name: ClassVar[str]
    """The kernel's name of the record."""

    def __init__(self, **fields: Any) -> None:
        known = dict(fields_of(type(self)))
        unknown = fields.keys() - known.keys()
        if unknown:
            names = ", ".join(sorted(unknown))
            raise TypeError(f"{type(self).__name__} has no field {names}; it has: {', '.join(known)}")
        self._values = {name: known[name].convert(value) for name, value in fields.items()}

    def given(self, field: ContextField[T]) -> T:
        """What a field is now."""
        found = self._values.get(field.name)
        if found is None:
            return cast("T", cast("Any", field.type)())
        return cast("T", found)

    def change(self, field: ContextField[T], value: T) -> None:
        """Set a field."""
        self._values[field.name] = field.convert(value)


def fields_of(context: type[RecordContext]) -> Iterator[tuple[str, ContextField[Any]]]:
    """The fields of a context, those of its bases first."""
    for base in reversed(context.__mro__):
        for name, value in vars(base).items():
            if isinstance(value, ContextField):
                yield name, value  # pyright: ignore[reportUnknownVariableType]
