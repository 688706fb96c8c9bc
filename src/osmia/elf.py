"""ELF64 little-endian (System V gABI, chapters 4 and 5): relocatable BPF objects, symbols of executables."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from enum import IntEnum, IntFlag
from typing import BinaryIO, cast

from osmia.dataclass import dataclass
from osmia.errors import MalformedError

MACHINE_BPF = 247
MAXIMUM_SIZE = 64 * 1024 * 1024
MAXIMUM_SECTIONS = 16384
LONGEST_NAME = 1024
_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_SECTION = struct.Struct("<IIQQQQIIQQ")
_SYMBOL = struct.Struct("<IBBHQQ")
_REL = struct.Struct("<QQ")
_RELA = struct.Struct("<QQq")
_SEGMENT = struct.Struct("<IIQQQQQQ")
_IDENTIFICATION = b"\x7fELF\x02\x01\x01"
_RELOCATABLE, _EXECUTABLE, _SHARED = 1, 2, 3
_LOADED_SEGMENT = 1
_MAXIMUM_SEGMENTS = 1024
_INDIRECT_FUNCTION = 10
"""STT_GNU_IFUNC: a function that chooses one at start."""


class SectionType(IntEnum):
    """Kinds of section; others keep their number."""

    NULL = 0
    PROGBITS = 1
    SYMTAB = 2
    STRTAB = 3
    RELA = 4
    NOBITS = 8
    REL = 9
    DYNSYM = 11


_WITHOUT_CONTENTS = (SectionType.NULL, SectionType.NOBITS)


class SectionFlag(IntFlag):
    """Attributes of a section."""

    WRITE = 1
    ALLOC = 2
    EXECINSTR = 4


class SymbolType(IntEnum):
    """Kinds of symbol."""

    NOTYPE = 0
    OBJECT = 1
    FUNC = 2
    SECTION = 3
    FILE = 4


class SymbolBinding(IntEnum):
    """Who sees a symbol."""

    LOCAL = 0
    GLOBAL = 1
    WEAK = 2


@dataclass(frozen=True)
class Section:
    """A section. `size` is its size at run time: `data` is empty for one without contents (`.bss`)."""

    index: int
    name: str
    type: int
    flags: int
    data: bytes
    size: int
    link: int = 0
    info: int = 0
    entry_size: int = 0


@dataclass(frozen=True)
class Symbol:
    """A symbol; `value` is an offset into its section, None for one that is undefined or absolute."""

    name: str
    type: int
    binding: int
    section: int | None
    value: int
    size: int


@dataclass(frozen=True)
class Relocation:
    """A place that refers to a symbol; `addend` is None where it stands in the place itself (REL)."""

    offset: int
    type: int
    symbol: Symbol
    addend: int | None = None


@dataclass(frozen=True)
class ElfObject:
    """A relocatable file, taken apart; `relocations` by the index of the section they change."""

    machine: int
    sections: tuple[Section, ...]
    symbols: tuple[Symbol, ...]
    relocations: dict[int, tuple[Relocation, ...]]

    def section(self, name: str) -> Section | None:
        """The first section of that name."""
        return next((section for section in self.sections if section.name == name), None)


def _fault(reason: str, offset: int | None = None) -> MalformedError:
    return MalformedError("ELF object", reason, offset)


def _slice(data: bytes, offset: int, size: int, what: str) -> bytes:
    if offset < 0 or size < 0 or offset + size > len(data):
        raise _fault(f"{what} ({size} bytes) leaves the file of {len(data)} bytes", offset)
    return data[offset : offset + size]


def string_at(table: bytes, offset: int, what: str) -> str:
    """A zero-ended string of a string table.

    Raises:
        MalformedError: the string leaves the table, has no end or is not UTF-8.
    """
    if not 0 <= offset < len(table):
        raise _fault(f"the name of {what} leaves its string table", offset)
    end = table.find(b"\0", offset, offset + LONGEST_NAME)
    if end < 0:
        raise _fault(f"the name of {what} has no end within {LONGEST_NAME} bytes", offset)
    try:
        return table[offset:end].decode()
    except UnicodeDecodeError:
        raise _fault(f"the name of {what} is not UTF-8", offset) from None


def read_elf(data: bytes) -> ElfObject:
    """Take an ELF64 little-endian relocatable file apart.

    Raises:
        MalformedError: for anything else, and for every size, offset or index that does not hold.
    """
    if len(data) > MAXIMUM_SIZE:
        raise _fault(f"larger than {MAXIMUM_SIZE} bytes")
    if len(data) < _HEADER.size:
        raise _fault("shorter than an ELF header")
    header = _header(data)
    kind, machine, *_, table, _, _, _, _, entry, count, names = header
    if kind != _RELOCATABLE:
        raise _fault(f"not a relocatable file (type {kind}); compile with -c", 16)
    if count == 0 or count > MAXIMUM_SECTIONS or entry != _SECTION.size:
        raise _fault(f"{count} sections of {entry} bytes each", 58)
    rows = _SECTION.iter_unpack(_slice(data, table, count * entry, "the section table"))
    headers = [cast("tuple[int, ...]", row) for row in rows]
    if names >= count:
        raise _fault("the section of section names does not exist", 62)
    _check_sizes(headers, len(data))
    name_table = _contents(data, headers[names], "the section of section names")
    sections = tuple(_section(data, index, header, name_table) for index, header in enumerate(headers))
    symbols = tuple(_symbols(sections))
    return ElfObject(machine, sections, symbols, dict(_relocations(sections, symbols)))


def _header(data: bytes) -> tuple[int, ...]:
    """The header behind its first 16 bytes, which say that it is one."""
    if data[:4] != _IDENTIFICATION[:4]:
        raise _fault("does not begin with the ELF magic number", 0)
    if data[:7] != _IDENTIFICATION:
        raise _fault("not 64 bit little-endian version 1", 4)
    return cast("tuple[int, ...]", _HEADER.unpack_from(data)[1:])


def _check_sizes(headers: list[tuple[int, ...]], length: int) -> None:
    """Sections share no bytes, so that reading them takes no more memory than the file (and `.bss`)."""
    stored = sum(size for _, kind, _, _, _, size, *_ in headers if kind not in _WITHOUT_CONTENTS)
    if stored > length:
        raise _fault(f"sections of {stored} bytes in a file of {length}")
    zeros = sum(size for _, kind, _, _, _, size, *_ in headers if kind == SectionType.NOBITS)
    if zeros > MAXIMUM_SIZE:
        raise _fault(f"asks for {zeros} bytes of zeros")


def _contents(data: bytes, header: tuple[int, ...], what: str) -> bytes:
    _, kind, _, _, offset, size, *_ = header
    return b"" if kind in _WITHOUT_CONTENTS else _slice(data, offset, size, what)


def _section(data: bytes, index: int, header: tuple[int, ...], names: bytes) -> Section:
    name, kind, flags, _, _, size, link, info, _, entry_size = header
    text = string_at(names, name, f"section {index}") if names else ""
    contents = _contents(data, header, f"section {text!r}")
    return Section(index, text, kind, flags, contents, size, link, info, entry_size)


def _symbols(sections: tuple[Section, ...]) -> Iterator[Symbol]:
    tables = [section for section in sections if section.type == SectionType.SYMTAB]
    if len(tables) > 1:
        raise _fault("more than one symbol table")
    for table in tables:
        if table.link >= len(sections) or len(table.data) % _SYMBOL.size:
            raise _fault("the symbol table has no string table, or a size that does not fit")
        names = sections[table.link].data
        rows = _SYMBOL.iter_unpack(table.data)
        for number, row in enumerate(rows):
            name, info, _, index, value, size = cast("tuple[int, ...]", row)
            text = string_at(names, name, f"symbol {number}") if name else ""
            section = index if 0 < index < len(sections) else None
            if section is None and 0 < index < 0xFF00:
                raise _fault(f"symbol {text!r} stands in section {index}, which does not exist")
            if section is not None and value + size > sections[section].size:
                raise _fault(f"symbol {text!r} leaves section {sections[section].name!r}")
            yield Symbol(text, info & 15, info >> 4, section, value, size)


def _relocations(
    sections: tuple[Section, ...], symbols: tuple[Symbol, ...]
) -> Iterator[tuple[int, tuple[Relocation, ...]]]:
    found: dict[int, list[Relocation]] = {}
    for section in sections:
        if section.type not in (SectionType.REL, SectionType.RELA):
            continue
        record = _RELA if section.type == SectionType.RELA else _REL
        if not 0 < section.info < len(sections) or len(section.data) % record.size:
            raise _fault(f"relocations {section.name!r} have no target, or a size that does not fit")
        target = sections[section.info]
        for row in record.iter_unpack(section.data):
            offset, info, *addend = cast("tuple[int, ...]", row)
            if offset >= target.size:
                raise _fault(f"a relocation leaves section {target.name!r}", offset)
            if info >> 32 >= len(symbols):
                raise _fault(f"a relocation of {target.name!r} names a symbol that does not exist", offset)
            relocation = Relocation(
                offset, info & 0xFFFFFFFF, symbols[info >> 32], addend[0] if addend else None
            )
            found.setdefault(target.index, []).append(relocation)
    for index, relocations in found.items():
        yield index, tuple(sorted(relocations, key=lambda relocation: relocation.offset))


@dataclass(frozen=True)
class Segment:
    """A part of an executable that is mapped: `size` bytes of the file at `offset`, linked at `address`."""

    offset: int
    address: int
    size: int


@dataclass(frozen=True)
class Function:
    """A function of an executable, where it was linked; size 0 where the file does not say it."""

    address: int
    size: int
    name: str


@dataclass(frozen=True)
class Executable:
    """What an executable or shared library says about addresses: `functions` by rising address."""

    segments: tuple[Segment, ...]
    functions: tuple[Function, ...]

    def linked_address(self, offset: int) -> int | None:
        """The address for which a byte of the file was linked; None for one that is not mapped."""
        for segment in self.segments:
            if segment.offset <= offset < segment.offset + segment.size:
                return offset - segment.offset + segment.address
        return None


def read_executable(file: BinaryIO) -> Executable:
    """The segments and functions of an executable or shared library, from .symtab and .dynsym.

    Only these parts are read, however large the file is. Raises:
        MalformedError: for anything else, and for every size or offset that does not hold.
    """
    start = file.read(_HEADER.size)
    if len(start) < _HEADER.size:
        raise _fault("shorter than an ELF header")
    kind, _, _, _, segment_table, table, _, _, row, segments, entry, count, _ = _header(start)
    if kind not in (_EXECUTABLE, _SHARED):
        raise _fault(f"no executable and no shared library (type {kind})", 16)
    if segments > _MAXIMUM_SEGMENTS or (segments and row != _SEGMENT.size):
        raise _fault(f"{segments} segments of {row} bytes each", 54)
    if count > MAXIMUM_SECTIONS or (count and entry != _SECTION.size):
        raise _fault(f"{count} sections of {entry} bytes each", 58)
    segment_rows = _SEGMENT.iter_unpack(_part(file, segment_table, segments * row, "the segment table"))
    mapped = tuple(
        Segment(offset, address, size)
        for kind, _, offset, address, _, size, _, _ in cast("Iterator[tuple[int, ...]]", segment_rows)
        if kind == _LOADED_SEGMENT
    )
    rows = _SECTION.iter_unpack(_part(file, table, count * entry, "the section table"))
    headers = [cast("tuple[int, ...]", each) for each in rows]
    functions = {
        function.address: function
        # What .symtab says of an address, which has the local functions too, goes before .dynsym.
        for symbol_table in (SectionType.DYNSYM, SectionType.SYMTAB)
        for function in _functions(file, headers, symbol_table)
    }
    return Executable(mapped, tuple(functions[address] for address in sorted(functions)))


def _part(file: BinaryIO, offset: int, size: int, what: str) -> bytes:
    if size > MAXIMUM_SIZE:
        raise _fault(f"{what} has {size} bytes", offset)
    if offset >= 1 << 63:
        raise _fault(f"{what} leaves the file", offset)
    file.seek(offset)
    data = file.read(size)
    if len(data) != size:
        raise _fault(f"{what} ({size} bytes) leaves the file", offset)
    return data


def _functions(file: BinaryIO, headers: list[tuple[int, ...]], kind: SectionType) -> Iterator[Function]:
    table = next((header for header in headers if header[1] == kind), None)
    if table is None:
        return
    _, _, _, _, offset, size, link, *_ = table
    if link >= len(headers) or size % _SYMBOL.size:
        raise _fault("the symbol table has no string table, or a size that does not fit")
    _, _, _, _, names_offset, names_size, *_ = headers[link]
    names = _part(file, names_offset, names_size, "the string table")
    for row in _SYMBOL.iter_unpack(_part(file, offset, size, "the symbol table")):
        name, info, _, section, value, length = cast("tuple[int, ...]", row)
        if info & 15 in (SymbolType.FUNC, _INDIRECT_FUNCTION) and section and name:
            yield Function(value, length, string_at(names, name, "a function"))
