"""The kernel's BTF: a hundred thousand types, of which a load needs a few. Each is decoded when asked for."""

from __future__ import annotations

import struct
from array import array
from bisect import bisect_left
from collections.abc import Iterator

from osmia.btf import types
from osmia.btf.decode import MAXIMUM_TYPES, parts, type_at
from osmia.errors import MalformedError
from osmia.uapi.constants import BtfKind

_WORDS = {BtfKind.INT: 1, BtfKind.ARRAY: 3, BtfKind.VAR: 1, BtfKind.DECL_TAG: 1}
"""32-bit words that follow a type's header."""
_WORDS_EACH = {
    BtfKind.STRUCT: 3,
    BtfKind.UNION: 3,
    BtfKind.ENUM: 2,
    BtfKind.FUNC_PROTO: 2,
    BtfKind.DATASEC: 3,
    BtfKind.ENUM64: 3,
}
"""Words for each member, enumerator, parameter or variable."""


class LazyBtf(types.TypeGraph):
    """BTF whose types are found by name and decoded one at a time.

    The BTF of a kernel module is split: its ids and strings go on where those of `base`, vmlinux, end.
    """

    def __init__(self, data: bytes, base: LazyBtf | None = None, name: str = "vmlinux") -> None:
        """Walk over the headers of all types, some 40 ms for vmlinux.

        Raises:
            MalformedError: bytes that are not BTF version 1 in little-endian order.
        """
        self.name = name
        self.base = base
        known = base.strings if base is not None else b""
        self._data, strings = parts(data, len(known))
        self.strings: bytes = known + strings
        self._first = base.end if base is not None else 1
        self._starts = _starts(self._data)
        self._types: dict[int, types.Type] = {}
        self._named: dict[tuple[str, bool], tuple[tuple[int, types.Type], ...]] = {}

    @property
    def end(self) -> int:
        """The first id behind the last type."""
        return self._first + len(self._starts)

    def type(self, id: int) -> types.Type | None:
        """The type of an id; None for void and for an id that does not exist.

        Raises:
            MalformedError: the type is damaged.
        """
        if id < self._first:
            return self.base.type(id) if self.base is not None and id > 0 else None
        if id >= self.end:
            return None
        if id not in self._types:
            self._types[id] = type_at(self._data, self.strings, 4 * self._starts[id - self._first])
        return self._types[id]

    def named(self, name: str, *, flavours: bool = False) -> tuple[tuple[int, types.Type], ...]:
        """The own types of a name, without those of the base; with `flavours` also `name___anything`.

        Names are looked for as whole strings: no writer of BTF lets one name end within another.
        """
        if (name, flavours) not in self._named:
            found = list(self._with_name(b"\0" + name.encode() + b"\0"))
            if flavours:
                found += self._with_name(b"\0" + name.encode() + b"___")
            self._named[name, flavours] = tuple(found)
        return self._named[name, flavours]

    def _with_name(self, part: bytes) -> Iterator[tuple[int, types.Type]]:
        for before in _occurrences(self.strings, part):
            word = struct.pack("<I", before + 1)
            for place in _occurrences(self._data, word):
                index = bisect_left(self._starts, place // 4)
                if place % 4 == 0 and index < len(self._starts) and self._starts[index] == place // 4:
                    found = self.type(self._first + index)
                    assert found is not None
                    yield self._first + index, found


def _occurrences(data: bytes, part: bytes) -> Iterator[int]:
    place = data.find(part)
    while place >= 0:
        yield place
        place = data.find(part, place + 1)


def _starts(data: bytes) -> array[int]:
    """Where each type begins, in words."""
    if len(data) % 4:
        raise MalformedError("BTF", "the type section ends within a word")
    words = memoryview(data).cast("I")
    sizes, each = [0] * 32, [0] * 32
    for kind in BtfKind:
        sizes[kind], each[kind] = 3 + _WORDS.get(kind, 0), _WORDS_EACH.get(kind, 0)
    starts = array("I")
    position, end = 0, len(words)
    append = starts.append
    while position + 3 <= end:
        info = words[position + 1]
        kind_number = info >> 24 & 31
        append(position)
        size = sizes[kind_number] + each[kind_number] * (info & 0xFFFF)
        if size == 0:
            raise MalformedError("BTF", f"kind {kind_number} does not exist", 4 * position)
        position += size
    if position != end or len(starts) > MAXIMUM_TYPES:
        raise MalformedError("BTF", "the last type leaves the section, or there are too many", 4 * position)
    return starts
