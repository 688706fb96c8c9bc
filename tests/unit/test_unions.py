"""Unions and flags as plain Python, and as the object describes them."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest

from osmia import Array, Flags, be32, struct, u8, u16, u32, u64, union
from osmia.btf import types
from osmia.compiler.compile import compile_programs
from osmia.loader.reader import read_object
from osmia.net import TcpFlags
from tests.builders.kernel_modules import import_file, programs_of


@union
class Number:
    wide: u64
    order: be32
    bytes: Array[u8, Literal[11]]


@struct
class Around:
    kind: u8
    number: Number
    last: u8


class Options(u16, Flags):
    FIRST = 1
    SECOND = 2
    BOTH = 3


def test_all_fields_begin_at_the_first_byte() -> None:
    assert [field.offset for field in Number.layout] == [0, 0, 0]  # type: ignore[attr-defined]
    assert (Number.memory_size(), Number.memory_alignment()) == (16, 8)  # type: ignore[attr-defined]
    assert [field.offset for field in Around.layout] == [0, 8, 24]  # type: ignore[attr-defined]


def test_one_field_reads_what_another_wrote() -> None:
    number = Number()
    number.wide = u64(0x0102_0304_0506_0708)
    assert number.order == 0x0807_0605
    number.bytes[0] = u8(0xFF)
    assert number.wide == 0x0102_0304_0506_07FF
    other = Number()
    assert number != other
    other.wide = number.wide
    assert number == other


def test_a_field_of_a_union_has_no_default() -> None:
    class Wrong:
        number: u32 = u32(3)

    with pytest.raises(TypeError, match="number: a field of a union has no default"):
        union(Wrong)


def test_the_object_says_that_it_is_a_union() -> None:
    module = import_file(Path(__file__).parents[1] / "differential" / "constructs" / "unions.py")
    spec = read_object(compile_programs(programs_of(module)))
    assert spec.btf is not None
    (found,) = (each for each in spec.btf.types if isinstance(each, types.Union))
    assert (found.name, found.size) == ("Number", 16)
    assert [member.name for member in found.members] == ["wide", "order", "small", "bytes"]


def test_a_flag_is_in_flags_when_all_its_bits_are() -> None:
    flags = TcpFlags.SYN | TcpFlags.ACK
    assert TcpFlags.SYN in flags
    assert TcpFlags.FIN not in flags
    assert flags in TcpFlags(0xFF)
    assert Options.BOTH not in Options.SECOND
    assert Options.FIRST | Options.SECOND == Options.BOTH
