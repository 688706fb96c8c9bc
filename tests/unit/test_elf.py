"""The ELF reader: what LLVM writes, and files with one thing wrong."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, strategies as st

from osmia.elf import SectionFlag, SectionType, SymbolType, read_elf
from osmia.errors import MalformedError
from tests.builders.elf_writer import ElfFile, Name, Part

CODE = SectionFlag.ALLOC | SectionFlag.EXECINSTR
FILE = ElfFile(
    parts=(
        Part("xdp", bytes(32), flags=CODE, relocations=((8, 1, "value"), (0, 10, "entry"))),
        Part(".bss", type=SectionType.NOBITS, size=24),
    ),
    names=(
        Name("entry", "xdp", 0, 32),
        Name("value", ".bss", 8, 4, type=SymbolType.OBJECT),
        Name("outside", None),
    ),
)


def test_sections_symbols_and_relocations() -> None:
    elf = read_elf(FILE.write())
    code, bss = elf.section("xdp"), elf.section(".bss")
    assert code is not None
    assert bss is not None
    assert (code.data, code.size) == (bytes(32), 32)
    assert (bss.data, bss.size) == (b"", 24)
    names = {symbol.name: symbol for symbol in elf.symbols if symbol.name}
    assert (names["value"].section, names["value"].value, names["value"].size) == (bss.index, 8, 4)
    assert names["outside"].section is None
    relocations = elf.relocations[code.index]
    assert [(relocation.offset, relocation.type) for relocation in relocations] == [(0, 10), (8, 1)]
    assert [relocation.symbol.name for relocation in relocations] == ["entry", "value"]


MALFORMED = {
    "magic": replace(FILE, identification=b"\x7fELG\x02\x01\x01" + bytes(9)),
    "64 bit little-endian": replace(FILE, identification=b"\x7fELF\x01\x01\x01" + bytes(9)),
    "not a relocatable": replace(FILE, type=3),
    "sections of 40 bytes": replace(FILE, extra={"entry_size": 40}),
    "0 sections": replace(FILE, extra={"count": 0}),
    "section table": replace(FILE, extra={"table": 1 << 40}),
    "section names does not exist": replace(FILE, extra={"names": 99}),
    "sections of .* bytes in a file": replace(FILE, parts=(replace(FILE.parts[0], size=4096), FILE.parts[1])),
    "leaves section 'xdp'": replace(FILE, names=(Name("entry", "xdp", 0, 33), *FILE.names[1:])),
    "asks for": replace(FILE, parts=(FILE.parts[0], replace(FILE.parts[1], size=1 << 40))),
    "relocation leaves": replace(
        FILE, parts=(replace(FILE.parts[0], relocations=((32, 1, "value"),)), FILE.parts[1])
    ),
}


@pytest.mark.parametrize("reason", MALFORMED)
def test_malformed_files_are_refused(reason: str) -> None:
    with pytest.raises(MalformedError, match=reason):
        read_elf(MALFORMED[reason].write())


def test_name_outside_of_its_table_is_refused() -> None:
    data = bytearray(FILE.write())
    table = int.from_bytes(data[40:48], "little")
    data[table + 64 : table + 68] = b"\xff\xff\xff\x00"
    with pytest.raises(MalformedError, match="leaves its string table"):
        read_elf(bytes(data))


def test_relocation_of_a_symbol_that_does_not_exist_is_refused() -> None:
    data = FILE.write()
    entry = (8).to_bytes(8, "little") + (2 << 32 | 1).to_bytes(8, "little")
    assert entry in data
    with pytest.raises(MalformedError, match="symbol that does not exist"):
        read_elf(data.replace(entry, entry[:12] + b"\x99\0\0\0"))


@given(st.data())
def test_damaged_files_never_raise_anything_else(data: st.DataObject) -> None:
    original = FILE.write()
    damaged = bytearray(original[: data.draw(st.integers(0, len(original)))])
    for _ in range(data.draw(st.integers(0, 4))):
        if damaged:
            damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    what = "ELF object"
    try:
        read_elf(bytes(damaged))
    except MalformedError as error:
        what = error.what
    assert what == "ELF object"
