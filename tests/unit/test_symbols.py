"""Addresses as functions: kallsyms, mappings and symbol tables, some of them made to be wrong."""

from __future__ import annotations

import ctypes
import io
import os
import struct
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from osmia.elf import SectionFlag, read_executable
from osmia.errors import MalformedError
from osmia.symbols import ExecutableFiles, Frame, KernelSymbols, ProcessSymbols
from tests.builders.elf_writer import ElfFile, Name, Part

KALLSYMS = """\
ffffffff81000000 T _stext
ffffffff81000100 t do_work
ffffffff81000180 d not_code
ffffffff81000200 T do_more_work
nonsense
ffffffffzz000000 T no_number
ffffffffa0000000 t in_module\t[veth]
"""
SHARED = ElfFile(
    parts=(Part(".text", bytes(64), flags=SectionFlag.ALLOC | SectionFlag.EXECINSTR),),
    names=(Name("outer", ".text", 16, 32), Name("unsized", ".text", 48), Name("undefined", None)),
    machine=62,
    type=3,
)


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    (tmp_path / "sys/kernel").mkdir(parents=True)
    (tmp_path / "sys/kernel/kptr_restrict").write_text("2\n")
    (tmp_path / "kallsyms").write_text(KALLSYMS)
    return tmp_path


def test_kernel_addresses(proc: Path) -> None:
    symbols = KernelSymbols(proc)
    assert symbols.resolve(0xFFFFFFFF81000190) == Frame(0xFFFFFFFF81000190, "do_work", 0x90)
    assert symbols.resolve(0xFFFFFFFFA0000004) == Frame(0xFFFFFFFFA0000004, "in_module", 4, "veth")
    assert str(symbols.resolve(0xFFFFFFFFA0000004)) == "in_module+0x4 [veth]"
    assert symbols.why_hidden == ""
    for nowhere in (0, 0xFFFFFFFF80000000, 0xFFFFFFFFA0200000, (1 << 64) - 1):
        assert symbols.resolve(nowhere) == Frame(nowhere)
    assert str(Frame(0x1234)) == "0x1234"


@pytest.mark.parametrize(
    ("restriction", "reason"), [("2", "kptr_restrict is 2"), ("1", "CAP_SYSLOG"), ("0", "CAP_SYSLOG")]
)
def test_hidden_addresses_are_explained(
    proc: Path, restriction: str, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    (proc / "kallsyms").write_text("0000000000000000 T _stext\n0000000000000000 t do_work\n")
    (proc / "sys/kernel/kptr_restrict").write_text(f"{restriction}\n")
    symbols = KernelSymbols(proc)
    for _ in range(2):
        assert symbols.resolve(0xFFFFFFFF81000100) == Frame(0xFFFFFFFF81000100)
    assert reason in symbols.why_hidden
    assert [record.name for record in caplog.records] == ["osmia.symbols"]


def test_kallsyms_that_cannot_be_read(tmp_path: Path) -> None:
    symbols = KernelSymbols(tmp_path)
    assert symbols.resolve(1) == Frame(1)
    assert "No such file" in symbols.why_hidden


def test_functions_of_this_process() -> None:
    library = ctypes.CDLL(None)
    address = ctypes.cast(library.getpid, ctypes.c_void_p).value
    assert address is not None
    frame = ProcessSymbols(os.getpid(), ExecutableFiles()).resolve(address + 1)
    assert frame.symbol.endswith("getpid")
    assert frame.offset == 1
    assert "libc" in frame.module


def test_a_process_that_is_gone_has_addresses_only(tmp_path: Path) -> None:
    assert ProcessSymbols(1, ExecutableFiles(), tmp_path).resolve(0x1000) == Frame(0x1000)


def test_mappings(tmp_path: Path) -> None:
    process = tmp_path / "7"
    (process / "root/opt").mkdir(parents=True)
    (process / "root/opt/a program").write_bytes(with_segment(SHARED, 0x1000, 0x40, 64))
    os.mkfifo(process / "root/opt/fifo")
    (process / "maps").write_text(
        "00001000-00002000 r-xp 00000040 08:01 77         /opt/a program\n"
        "00003000-00004000 r-xp 00000000 00:00 0 \n"
        "00005000-00006000 r--p 00000000 08:01 77         /opt/a program\n"
        "00006000-00007000 r-xp 00000000 08:01 78         /opt/fifo\n"
        "00007000-00008000 r-xp 00000000 08:01 79         /opt/gone (deleted)\n"
        "7ff000000000-7ff000001000 r-xp 00000000 00:00 0   [vdso]\n"
        "ffffffffffffffffff rubbish\n"
    )
    symbols = ProcessSymbols(7, ExecutableFiles(), tmp_path)
    assert symbols.resolve(0x1011) == Frame(0x1011, "outer", 1, "/opt/a program")
    # Behind the function's size; in a function whose size is not known; before the first one.
    assert symbols.resolve(0x1034) == Frame(0x1034, "unsized", 4, "/opt/a program")
    assert symbols.resolve(0x1001) == Frame(0x1001, module="/opt/a program")
    assert symbols.resolve(0x1F00) == Frame(0x1F00, module="/opt/a program")
    assert symbols.resolve(0x3000) == Frame(0x3000)
    assert symbols.resolve(0x5000) == Frame(0x5000)
    assert symbols.resolve(0x6000) == Frame(0x6000, module="/opt/fifo")
    assert symbols.resolve(0x7000) == Frame(0x7000, module="/opt/gone")
    assert symbols.resolve(0x7FF000000010) == Frame(0x7FF000000010, module="vdso")


def with_segment(file: ElfFile, address: int, offset: int, size: int) -> bytes:
    """The file with one segment, whose table stands at the end; its symbols are moved to `address`."""
    moved = replace(file, names=tuple(replace(name, value=name.value + address) for name in file.names))
    data = bytearray(moved.write())
    data[32:40] = len(data).to_bytes(8, "little")
    data[54:58] = struct.pack("<HH", 56, 1)
    return bytes(data) + struct.pack("<IIQQQQQQ", 1, 5, offset, address, address, size, size, 4096)


def test_executable() -> None:
    executable = read_executable(io.BytesIO(with_segment(SHARED, 0x1000, 0x40, 64)))
    assert [(function.name, function.address) for function in executable.functions] == [
        ("outer", 0x1010),
        ("unsized", 0x1030),
    ]
    assert executable.linked_address(0x50) == 0x1010
    assert executable.linked_address(0x80) is None


MALFORMED = {
    "shorter than": b"\x7fELF",
    "magic": b"#!/bin/sh\n" + bytes(64),
    "no executable": replace(SHARED, type=1).write(),
    "64 bit": replace(SHARED, identification=b"\x7fELF\x01\x01\x01" + bytes(9)).write(),
    "sections of 40 bytes": replace(SHARED, extra={"entry_size": 40}).write(),
    "leaves the file": replace(SHARED, extra={"table": 1 << 63}).write(),
    "section table": replace(SHARED, extra={"table": 1 << 40}).write(),
}


@pytest.mark.parametrize("reason", MALFORMED)
def test_malformed_executables_are_refused(reason: str) -> None:
    with pytest.raises(MalformedError, match=reason):
        read_executable(io.BytesIO(MALFORMED[reason]))


@given(st.data())
def test_damaged_executables_never_raise_anything_else(data: st.DataObject) -> None:
    original = with_segment(SHARED, 0x1000, 0x40, 64)
    damaged = bytearray(original[: data.draw(st.integers(0, len(original)))])
    for _ in range(data.draw(st.integers(0, 4))):
        if damaged:
            damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    what = "ELF object"
    try:
        read_executable(io.BytesIO(bytes(damaged)))
    except MalformedError as error:
        what = error.what
    assert what == "ELF object"
