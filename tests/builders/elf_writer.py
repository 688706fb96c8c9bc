"""ELF objects as data: sections, symbols and relocations by name, so that a malformed file is one change."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from osmia.elf import SectionFlag, SectionType, SymbolBinding, SymbolType

_HEADER_SIZE, _SECTION_SIZE = 64, 64


@dataclass(frozen=True)
class Part:
    """A section; `relocations` are (offset, type, symbol name)."""

    name: str
    data: bytes = b""
    type: int = SectionType.PROGBITS
    flags: int = SectionFlag.ALLOC
    size: int | None = None
    relocations: tuple[tuple[int, int, str], ...] = ()


@dataclass(frozen=True)
class Name:
    """A symbol, in the section of that name; None for one that is undefined."""

    name: str
    section: str | None
    value: int = 0
    size: int = 0
    type: int = SymbolType.FUNC
    binding: int = SymbolBinding.GLOBAL


@dataclass(frozen=True)
class ElfFile:
    """A relocatable file for BPF."""

    parts: tuple[Part, ...] = ()
    names: tuple[Name, ...] = ()
    machine: int = 247
    type: int = 1
    identification: bytes = b"\x7fELF\x02\x01\x01" + bytes(9)
    extra: dict[str, int] = field(default_factory=dict[str, int])

    def write(self) -> bytes:
        """The bytes of the file: header, contents, section table."""
        strings = bytearray(b"\0")

        def text(value: str) -> int:
            strings.extend(value.encode() + b"\0")
            return len(strings) - len(value.encode()) - 1

        numbers = {part.name: index for index, part in enumerate(self.parts, 1)}
        symbol_numbers = {name.name: index for index, name in enumerate(self.names, 1)}
        symbol_table = len(self.parts) + 1
        symbols = bytes(24) + b"".join(
            struct.pack(
                "<IBBHQQ",
                text(name.name),
                name.binding << 4 | name.type,
                0,
                numbers[name.section] if name.section else 0,
                name.value,
                name.size,
            )
            for name in self.names
        )
        rows: list[tuple[int, int, int, bytes, int, int, int, int]] = [(0, 0, 0, b"", 0, 0, 0, 0)]
        for part in self.parts:
            size = part.size if part.size is not None else len(part.data)
            rows.append((text(part.name), part.type, part.flags, part.data, size, 0, 0, 0))
        string_table = symbol_table + 1
        rows.append((text(".symtab"), SectionType.SYMTAB, 0, symbols, len(symbols), string_table, 1, 24))
        rows.append((text(".strtab"), SectionType.STRTAB, 0, b"", 0, 0, 0, 0))
        for part in self.parts:
            if part.relocations:
                table = b"".join(
                    struct.pack("<QQ", offset, symbol_numbers[symbol] << 32 | kind)
                    for offset, kind, symbol in part.relocations
                )
                name = text(f".rel{part.name}")
                rows.append(
                    (name, SectionType.REL, 0, table, len(table), symbol_table, numbers[part.name], 16)
                )
        name, kind, flags, _, _, link, info, entry = rows[string_table]
        rows[string_table] = (name, kind, flags, bytes(strings), len(strings), link, info, entry)
        return self._assemble(rows, string_table)

    def _assemble(self, rows: list[tuple[int, int, int, bytes, int, int, int, int]], names: int) -> bytes:
        contents, table = bytearray(), bytearray()
        for name, kind, flags, data, size, link, info, entry in rows:
            offset = _HEADER_SIZE + len(contents)
            contents += data
            table += struct.pack("<IIQQQQIIQQ", name, kind, flags, 0, offset, size, link, info, 1, entry)
        header = struct.pack(
            "<16sHHIQQQIHHHHHH",
            self.identification,
            self.type,
            self.machine,
            1,
            0,
            0,
            self.extra.get("table", _HEADER_SIZE + len(contents)),
            0,
            _HEADER_SIZE,
            0,
            0,
            self.extra.get("entry_size", _SECTION_SIZE),
            self.extra.get("count", len(rows)),
            self.extra.get("names", names),
        )
        return header + bytes(contents) + bytes(table)
