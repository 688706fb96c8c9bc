"""ELF64 little-endian relocatable files, the format of BPF objects (System V gABI, chapter 4)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from typing import cast

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
_IDENTIFICATION = b"\x7fELF\x02\x01\x01"
_RELOCATABLE = 1


class SectionType(IntEnum):
    """Kinds of section; others keep their number."""

    NULL = 0
    PROGBITS = 1
    SYMTAB = 2
    STRTAB = 3
    RELA = 4
    NOBITS = 8
    REL = 9


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
    identification: bytes = data[:16]
    header = cast("tuple[int, ...]", _HEADER.unpack_from(data)[1:])
    kind, machine, *_, table, _, _, _, _, entry, count, names = header
    if identification[:4] != _IDENTIFICATION[:4]:
        raise _fault("does not begin with the ELF magic number", 0)
    if identification[:7] != _IDENTIFICATION:
        raise _fault("not 64 bit little-endian version 1", 4)
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
