"""A cursor over the bytes of a packet."""

from __future__ import annotations

from typing import Any, TypeVar, cast

from osmia.lang.integers import u8, u16
from osmia.lang.memory import Buffer, size_of

__all__ = ["MAXIMUM_SKIP", "Packet"]

H = TypeVar("H")

MAXIMUM_SKIP = 0x3FFF
"""Bytes that one `skip` can pass; the verifier bounds the sum of offsets into a packet by 65,535."""


class Packet:
    """A cursor over the bytes of a packet, at its first byte when it comes from `ctx.packet()`."""

    def __init__(self, data: Buffer) -> None:
        self._data = data
        self._position = 0

    def read(self, header: type[H]) -> H | None:
        """The header at the cursor, which then stands behind it; None where the packet ends before that.

        Nothing is copied: writing to a field writes into the packet. After a None the cursor
        stands where it stood.
        """
        start, size = self._position, size_of(header)
        if start + size > len(self._data):
            return None
        self._position = start + size
        return cast("H", cast("Any", header).view(self._data, start))

    def skip(self, length: u8 | u16 | int) -> None:
        """Move the cursor by `length` bytes; more than 16,383, or past the end, leaves nothing to read."""
        number = int(length)
        self._position = len(self._data) if number > MAXIMUM_SKIP else self._position + number
