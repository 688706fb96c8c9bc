"""`Pointer[V]`: the place of one integer in a map."""

from __future__ import annotations

from typing import Generic, TypeVar, cast

from osmia.lang.integers import Integer
from osmia.lang.memory import Buffer, decode, encode, size_of

__all__ = ["Pointer"]

I = TypeVar("I", bound=Integer | bool)  # noqa: E741


class Pointer(Generic[I]):
    """The place of one integer in a map; `.value` reads and writes it there."""

    __slots__ = ("_buffer", "_offset", "_type")

    def __init__(self, value_type: type[I], buffer: Buffer, offset: int = 0) -> None:
        self._type = value_type
        self._buffer = buffer
        self._offset = offset

    @property
    def value(self) -> I:
        """The integer as it is now."""
        return cast("I", decode(self._type, self._buffer, self._offset))

    @value.setter
    def value(self, value: I) -> None:
        self._buffer[self._offset : self._offset + size_of(self._type)] = encode(self._type, value)
