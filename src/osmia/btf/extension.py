"""A `.BTF.ext` section -> the function and line of each instruction, and its CO-RE relocation."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import TypeVar

from osmia.btf.types import Btf
from osmia.dataclass import dataclass
from osmia.errors import MalformedError

_MAGIC = 0xEB9F
_HEADER = struct.Struct("<HBBIIIII")
_CORE = struct.Struct("<II")


@dataclass(frozen=True)
class FunctionInfo:
    """The function that begins at a byte offset of its section; `type` is a BTF id."""

    offset: int
    type: int


@dataclass(frozen=True)
class LineInfo:
    """The source line of the instruction at a byte offset of its section; all text stands in BTF strings."""

    offset: int
    file_offset: int
    text_offset: int
    line: int
    column: int


@dataclass(frozen=True)
class CoreRelocation:
    """A CO-RE relocation (struct bpf_core_relo): what the instruction at a byte offset wants to know.

    `access` names a part of the type `type_id` as the compiler saw it, such as "0:1:2": element 0 of a
    pointer to it, then members and elements by their numbers. `kind` is one of enum bpf_core_relo_kind.
    """

    offset: int
    type_id: int
    access: str
    kind: int


@dataclass(frozen=True)
class BtfExtension:
    """By section name, in order of the offsets."""

    functions: dict[str, tuple[FunctionInfo, ...]]
    lines: dict[str, tuple[LineInfo, ...]]
    core_relocations: dict[str, tuple[CoreRelocation, ...]]


def _fault(reason: str, offset: int | None = None) -> MalformedError:
    return MalformedError("BTF extension", reason, offset)


def _records(part: bytes, minimum: int, btf: Btf) -> Iterator[tuple[str, list[tuple[int, ...]]]]:
    """Per section: its name and the first `minimum` bytes of each record, in words."""
    if not part:
        return
    if len(part) < 4:
        raise _fault("a part is shorter than its record size")
    (record_size,) = struct.unpack_from("<I", part)
    if record_size < minimum or record_size % 4:
        raise _fault(f"records of {record_size} bytes")
    position = 4
    while position < len(part):
        if position + 8 > len(part):
            raise _fault("a section header leaves its part", position)
        name, count = struct.unpack_from("<II", part, position)
        position += 8
        if count == 0 or position + count * record_size > len(part):
            raise _fault(f"{count} records leave their part", position)
        rows = [
            struct.unpack_from(f"<{minimum // 4}I", part, position + number * record_size)
            for number in range(count)
        ]
        position += count * record_size
        yield btf.string(name), rows


R = TypeVar("R", FunctionInfo, LineInfo, CoreRelocation)


def _ordered(tables: dict[str, list[R]]) -> dict[str, tuple[R, ...]]:
    return {name: tuple(sorted(rows, key=lambda row: row.offset)) for name, rows in tables.items()}


def decode_extension(data: bytes, btf: Btf) -> BtfExtension:
    """Take a `.BTF.ext` section apart.

    Raises:
        MalformedError: bytes that do not follow the format.
    """
    if len(data) < _HEADER.size:
        raise _fault("shorter than its header")
    magic, version, _, header, function_offset, function_size, line_offset, line_size = _HEADER.unpack_from(
        data
    )
    if magic != _MAGIC or version != 1 or not _HEADER.size <= header <= len(data):
        raise _fault("does not begin with a header of version 1", 0)

    def part(offset: int, size: int) -> bytes:
        if header + offset + size > len(data):
            raise _fault("a part leaves the section", header + offset)
        return data[header + offset : header + offset + size]

    functions: dict[str, list[FunctionInfo]] = {}
    for name, rows in _records(part(function_offset, function_size), 8, btf):
        functions.setdefault(name, []).extend(FunctionInfo(*row) for row in rows)
    lines: dict[str, list[LineInfo]] = {}
    for name, rows in _records(part(line_offset, line_size), 16, btf):
        lines.setdefault(name, []).extend(
            LineInfo(offset, file, text, place >> 10, place & 0x3FF) for offset, file, text, place in rows
        )
    core: dict[str, list[CoreRelocation]] = {}
    if header >= _HEADER.size + _CORE.size:
        for name, rows in _records(part(*_CORE.unpack_from(data, _HEADER.size)), 16, btf):
            core.setdefault(name, []).extend(
                CoreRelocation(offset, type_id, btf.string(access), kind)
                for offset, type_id, access, kind in rows
            )
    return BtfExtension(_ordered(functions), _ordered(lines), _ordered(core))
