"""Character arrays, and the texts that tracing programs read into them."""

from __future__ import annotations

import logging
from typing import Literal

import pytest

import osmia
from osmia import (
    Array,
    CharArray,
    Comm,
    CompileError,
    TracepointContext,
    log,
    probe_read_kernel_str,
    probe_read_user_str,
    struct,
    tracepoint,
    u8,
    u32,
    u64,
)
from osmia.compiler import compile_programs
from osmia.lang.memory import encode

Name = CharArray[Literal[8]]


@struct
class Named:
    """A struct with a text."""

    name: CharArray[Literal[8]]
    number: u32


@tracepoint("room", "event")
def read_all(ctx: TracepointContext) -> int:
    log.info(f"{ctx.read(Comm, 8)} {ctx.read_data_loc(Name, 24)}")
    log.info(f"{probe_read_user_str(Name, ctx.read(u64, 32))} {probe_read_kernel_str(Name, u64(1))}")
    return 0


@tracepoint("room", "event")
def wrong_array(ctx: TracepointContext) -> int:
    ctx.read(Array[u64, Literal[40]], 8)
    return 0


@tracepoint("room", "event")
def wrong_alignment(ctx: TracepointContext) -> int:
    ctx.read(Array[u32, Literal[2]], 10)
    return 0


@tracepoint("room", "event")
def wrong_type(ctx: TracepointContext) -> int:
    ctx.read_data_loc(Array[u8, Literal[8]], 8)  # type: ignore[type-var]  # pyright: ignore[reportArgumentType]
    return 0


@tracepoint("room", "event")
def wrong_place(ctx: TracepointContext) -> int:
    ctx.read_data_loc(Name, 9)
    return 0


@tracepoint("room", "event")
def wrong_address(ctx: TracepointContext) -> int:
    probe_read_user_str(Name, ctx.pid)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    return 0


def test_one_class_for_each_length() -> None:
    assert Name is CharArray[Literal[8]]
    assert CharArray[Literal[9]].memory_size() == 9
    assert issubclass(Comm, CharArray)
    assert Comm.length == 16
    assert Name.memory_size() == 8


def test_it_prints_as_text() -> None:
    assert str(Name.from_bytes(b"ab\0cdefg")) == "ab"
    assert str(Name.from_bytes(b"abcdefgh")) == "abcdefgh"
    assert str(Name.from_bytes(b"\xff\0      ")) == "\ufffd"
    assert Name.from_bytes(b"ab\0\0\0\0\0\0")[1] == u8(98)


def test_it_is_a_field() -> None:
    named = Named(name=Name.from_bytes(b"ab".ljust(8, b"\0")), number=u32(3))
    assert repr(named) == "Named(name=ab, number=3)"
    assert encode(Named, named) == b"ab" + bytes(6) + b"\3\0\0\0"


def test_texts_of_a_record_and_of_memory(caplog: pytest.LogCaptureFixture) -> None:
    record = bytearray(40)
    record[8:24] = b"task".ljust(16, b"\0")
    record[24:28] = (40 | 12 << 16).to_bytes(4, "little")
    record[32:40] = (0x1000).to_bytes(8, "little")
    with osmia.simulate(read_all) as bpf, caplog.at_level(logging.INFO, "osmia.kernel"):
        bpf.kernel.texts[0x1000] = b"/etc\0rest"
        read_all(TracepointContext(bytes(record) + b"longer text\0"))
    assert [each.message for each in caplog.records] == ["task longer ", "/etc "]


def test_they_compile() -> None:
    assert compile_programs((read_all,)).startswith(b"\x7fELF")


@pytest.mark.parametrize(
    ("program", "message"),
    [
        (wrong_array, "an array of at most 256 bytes is expected"),
        (wrong_alignment, "a known offset, a multiple of 4"),
        (wrong_type, "a type CharArray"),
        (wrong_place, "a known offset, a multiple of 4"),
        (wrong_address, "`u64`"),
    ],
)
def test_mistakes(program: osmia.TracepointProgram, message: str) -> None:
    with pytest.raises(CompileError) as caught:
        compile_programs((program,))
    assert message.replace(" is expected", "") in str(caught.value)
