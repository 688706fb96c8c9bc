"""Objects -> specifications: what refers to what, and objects whose parts do not fit together."""

from __future__ import annotations

import struct
from dataclasses import replace

import pytest
from hypothesis import given, strategies as st

from osmia.btf import Btf, encode_btf, types
from osmia.elf import SectionFlag, SectionType, SymbolBinding, SymbolType
from osmia.errors import MalformedError, NotSupportedError
from osmia.loader import (
    FunctionReference,
    MapReference,
    MapSpec,
    VariableSpec,
    read_object,
)
from osmia.loader.disassembler import disassemble_program
from osmia.loader.instructions import Instruction
from osmia.loader.linking import link_program
from osmia.uapi import AttachType, MapFlags, MapType, ProgramType
from tests.builders.btf_writer import extension, map_section, map_types
from tests.builders.elf_writer import ElfFile, Name, Part

CODE = SectionFlag.ALLOC | SectionFlag.EXECINSTR
OBJECT = SymbolType.OBJECT
LOAD, EXIT = Instruction(0x18, 1, 0, 0, 0), Instruction(0x95, 0, 0, 0, 0)
CALL = Instruction(0x85, 0, 1, 0, -1)
NOTHING = Instruction(0, 0, 0, 0, 0)


def code(*instructions: Instruction) -> bytes:
    return b"".join(instruction.pack() for instruction in instructions)


MAP = {"type": MapType.HASH, "max_entries": 16, "key_size": 4, "value_size": 8}
ENTRY = code(LOAD, NOTHING, LOAD._replace(immediate=4), NOTHING, CALL, EXIT)
SUBPROGRAMS = code(EXIT, CALL._replace(immediate=-2), EXIT)
FILE = ElfFile(
    parts=(
        Part("xdp", ENTRY, flags=CODE, relocations=((0, 1, "table"), (16, 1, "limit"), (32, 10, "second"))),
        Part(".text", SUBPROGRAMS, flags=CODE),
        Part(".maps", bytes(32)),
        Part(".rodata", struct.pack("<II", 1, 2)),
        Part(".bss", type=SectionType.NOBITS, size=8),
        Part("license", b"GPL\0"),
        Part(".BTF", map_section("table", **MAP), flags=0),
        Part("osmia.log", b"formats"),
    ),
    names=(
        Name("entry", "xdp", 0, len(ENTRY)),
        Name("first", ".text", 0, 8, binding=SymbolBinding.LOCAL),
        Name("second", ".text", 8, 16, binding=SymbolBinding.LOCAL),
        Name("table", ".maps", 0, 32, OBJECT),
        Name("limit", ".rodata", 0, 4, OBJECT),
        Name("total", ".bss", 0, 8, OBJECT),
    ),
)


def with_part(file: ElfFile, name: str, /, **changes: object) -> ElfFile:
    parts = tuple(replace(part, **changes) if part.name == name else part for part in file.parts)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    return replace(file, parts=parts)


def with_name(file: ElfFile, name: str, /, **changes: object) -> ElfFile:
    names = tuple(replace(each, **changes) if each.name == name else each for each in file.names)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    return replace(file, names=names)


def test_object_is_described() -> None:
    spec = read_object(FILE.write())
    assert spec.license == "GPL"
    assert spec.extra == {"osmia.log": b"formats"}
    assert spec.maps["table"] == MapSpec("table", MapType.HASH, 4, 8, 16)
    rodata = spec.maps[".rodata"]
    assert (rodata.contents, rodata.flags, rodata.frozen) == (b"\1\0\0\0\2\0\0\0", MapFlags.RDONLY_PROG, True)
    assert rodata.variables == (VariableSpec("limit", 0, 4),)
    assert spec.maps[".bss"].contents == bytes(8)
    found = spec.variable("total")
    assert found is not None
    assert found[0].name == ".bss"
    program = spec.programs["entry"]
    assert (program.type, program.attach_type) == (ProgramType.XDP, AttachType.XDP)
    assert program.entry.references == (
        MapReference(0, "table"),
        MapReference(16, ".rodata", 4),
        FunctionReference(32, "second"),
    )
    assert [function.name for function in program.subprograms] == ["second", "first"]
    assert read_object(FILE.write()) == spec


def test_functions_are_linked_in_one_run() -> None:
    spec = read_object(FILE.write())
    image = link_program(spec.programs["entry"], "GPL", {"table": 7, ".rodata": 9}, 0)
    expected = code(
        *(LOAD._replace(source=1, immediate=7), NOTHING),
        *(LOAD._replace(source=2, immediate=9), NOTHING._replace(immediate=4)),
        *(CALL._replace(immediate=1), EXIT),
        *(CALL._replace(immediate=1), EXIT),
        EXIT,
    )
    assert image.instructions == expected
    assert (image.btf_fd, image.func_info, image.line_info) == (0, b"", b"")


def test_lines_go_to_the_kernel_with_the_functions() -> None:
    strings = b"\0xdp\0.text\0prog.py\0return 1\0"
    integer = types.Int("int", 4, 32, 1)
    prototype = types.FunctionPrototype(1, ())
    functions = tuple(types.Function(name, 2, 0) for name in ("entry", "first", "second"))
    btf = encode_btf(Btf((integer, prototype, *functions, *map_types("table", 6, **MAP)), strings))
    line = (11, 19, 4 << 10 | 2)
    table = extension({1: [(0, 3)], 5: [(0, 4), (8, 5)]}, {1: [(0, *line)], 5: [(0, *line), (8, *line)]})
    file = with_part(FILE, ".BTF", data=btf)
    file = replace(file, parts=(*file.parts, Part(".BTF.ext", table, flags=0)))
    program = read_object(file.write()).programs["entry"]
    assert [function.type_id for function in program.functions] == [3, 5, 4]
    assert (program.entry.lines[0].filename, program.entry.lines[0].line) == ("prog.py", 4)
    image = link_program(program, "GPL", {"table": 7, ".rodata": 9}, 5)
    assert image.btf_fd == 5
    assert image.func_info == struct.pack("<6I", 0, 3, 6, 5, 8, 4)
    assert image.line_info == b"".join(struct.pack("<4I", start, *line) for start in (0, 6, 8))
    text = list(disassemble_program(program))
    assert text[:4] == [
        "entry:",
        "; return 1 @ prog.py:4",
        "   0: (18) r1 = map[table]",
        "   2: (18) r1 = map[.rodata][0]+4",
    ]
    assert "   4: (85) call second" in text


TWICE = replace(FILE, names=(*FILE.names, Name("entry", ".text", 8, 16)))
MALFORMED = {
    "machine 62": replace(FILE, machine=62),
    "has maps but no BTF": replace(FILE, parts=tuple(p for p in FILE.parts if p.name != ".BTF")),
    "'table' has no symbol": with_name(FILE, "table", name="other"),
    "has 4 bytes": with_name(FILE, "first", size=4),
    "two functions are named 'entry'": TWICE,
    "a call leads to no function": with_part(
        FILE, ".text", data=code(EXIT, CALL._replace(immediate=0), EXIT)
    ),
    "beside an instruction": with_part(FILE, "xdp", relocations=((4, 1, "table"),)),
    "relocation of type 10": with_part(FILE, "xdp", relocations=((0, 10, "table"),)),
    "relocation of type 1 on": with_part(FILE, "xdp", relocations=((32, 1, "second"),)),
    "of a data section": with_part(
        FILE, "xdp", data=ENTRY.replace(b"\4\0\0\0", b"\x40\0\0\0"), relocations=((16, 1, "limit"),)
    ),
    "no map and no variable": replace(
        with_part(FILE, "xdp", relocations=((0, 1, "inside"),)),
        names=(*FILE.names, Name("inside", ".maps", 8, 8, OBJECT)),
    ),
}


@pytest.mark.parametrize("reason", MALFORMED)
def test_parts_that_do_not_fit_are_refused(reason: str) -> None:
    file = MALFORMED[reason]
    if reason.startswith("'table'"):
        file = with_part(file, "xdp", relocations=())
    with pytest.raises(MalformedError, match=reason):
        read_object(file.write())


NOT_SUPPORTED = {
    "section 'maps'": replace(FILE, parts=(*FILE.parts, Part("maps", bytes(20)))),
    "external symbol 'extern'": replace(
        with_part(FILE, "xdp", relocations=((0, 1, "extern"),)), names=(*FILE.names, Name("extern", None))
    ),
    "in section 'struct_ops/open'": replace(
        FILE,
        parts=(*FILE.parts, Part("struct_ops/open", code(EXIT), flags=CODE)),
        names=(*FILE.names, Name("open", "struct_ops/open", 0, 8)),
    ),
    "map type 200": with_part(FILE, ".BTF", data=map_section("table", **{**MAP, "type": 200})),
    "member 'pinning'": with_part(FILE, ".BTF", data=map_section("table", **MAP, pinning=1)),
}


@pytest.mark.parametrize("feature", NOT_SUPPORTED)
def test_what_cannot_be_loaded_yet_is_named(feature: str) -> None:
    with pytest.raises(NotSupportedError, match=feature):
        read_object(NOT_SUPPORTED[feature].write())


@pytest.mark.parametrize(
    ("section", "type", "attach_type"),
    [
        ("xdp/eth0", ProgramType.XDP, AttachType.XDP),
        ("tc", ProgramType.SCHED_CLS, None),
        ("tcx/egress", ProgramType.SCHED_CLS, AttachType.TCX_EGRESS),
        ("tracepoint/raw_syscalls/sys_enter", ProgramType.TRACEPOINT, None),
        ("kprobe/tcp_connect", ProgramType.KPROBE, None),
    ],
)
def test_section_names_say_the_type(section: str, type: ProgramType, attach_type: AttachType | None) -> None:
    file = ElfFile((Part(section, code(EXIT), flags=CODE),), (Name("entry", section, 0, 8),))
    program = read_object(file.write()).programs["entry"]
    assert (program.type, program.attach_type) == (type, attach_type)


@given(st.data())
def test_damaged_objects_never_raise_anything_else(data: st.DataObject) -> None:
    damaged = bytearray(FILE.write())
    for _ in range(data.draw(st.integers(1, 5))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    message = "read"
    try:
        read_object(bytes(damaged))
    except (MalformedError, NotSupportedError) as error:
        message = str(error)
    assert message
