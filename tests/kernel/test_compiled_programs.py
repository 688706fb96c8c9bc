"""Captured values, structs in memory, and names, as they arrive in the kernel."""

from __future__ import annotations

from enum import Enum
from typing import Literal

import pytest

import osmia
from osmia import (
    Array,
    Constant,
    HashMap,
    PerCpuHashMap,
    TcAction,
    TcContext,
    UsageError,
    XdpAction,
    XdpContext,
    XdpProgram,
    be16,
    struct,
    u8,
    u16,
    u32,
    u64,
    xdp,
)
from osmia.lang.memory import encode, size_of

PACKET = bytes(64)


class Level(u16, Enum):
    LOW = 3
    HIGH = 40_000


@struct
class Gaps:
    first: u8
    second: u32
    third: be16
    fourth: u64
    fifth: u8


@struct
class Nested:
    kind: u8
    gaps: Gaps
    digits: Array[u8, Literal[3]]


LIMIT = Constant(u32(64))
STRICT = Constant(False)
HIGHEST = Level.HIGH
SMALL = 7

gaps = HashMap(Gaps, Nested, max_entries=4)
sized = HashMap(u32, u64, max_entries=4)
größen = PerCpuHashMap(u32, u64, max_entries=4)  # noqa: PLC2401


def make_firewall(most: int, verdict: XdpAction) -> XdpProgram:
    @xdp
    def firewall(ctx: XdpContext) -> XdpAction:
        return verdict if ctx.length > most else XdpAction.PASS

    return firewall


class Checks:
    """Functions of a class are as good as those of a module."""

    @staticmethod
    def is_short(length: u32) -> bool:
        return length <= 64


@xdp
def keep_gaps(ctx: XdpContext) -> XdpAction:
    key = Gaps(first=u8(1), second=u32(2), third=be16(3), fourth=u64(4), fifth=u8(5))
    value = Nested(kind=u8(6), gaps=key, digits=Array[u8, Literal[3]](u8(7), u8(8), u8(9)))
    gaps[key] = value
    key.first = u8(10)
    if not gaps.insert(key, value):
        return XdpAction.DROP
    return XdpAction.PASS


@xdp
def with_class(ctx: XdpContext) -> XdpAction:
    return XdpAction.TX if Checks.is_short(ctx.length) else XdpAction.PASS


@xdp
def captured(ctx: XdpContext) -> XdpAction:
    sized[u32(1)] = u64(HIGHEST) + SMALL
    sized[u32(2)] = u64(Level.LOW)
    return XdpAction.PASS


@xdp
def configured(ctx: XdpContext) -> XdpAction:
    if STRICT.value:
        return XdpAction.TX
    return XdpAction.DROP if ctx.length >= LIMIT.value else XdpAction.PASS


@xdp
def named(zähler: XdpContext) -> XdpAction:  # noqa: PLC2401
    größen[zähler.length] += 1
    return XdpAction.PASS


def test_padding_is_zero() -> None:
    """All bytes count: the kernel compares keys byte by byte."""
    with osmia.load(keep_gaps) as bpf:
        for _ in range(2):
            bpf[keep_gaps].run(PACKET)
        first = bytes.fromhex("01000000 02000000 0003 000000000000 0400000000000000 05 00000000000000")
        assert len(first) == size_of(Gaps)
        found = {encode(Gaps, key): encode(Nested, value) for key, value in bpf[gaps].items()}
        nested = bytes([6]) + bytes(7) + first + bytes([7, 8, 9]) + bytes(5)
        assert found == {first: nested, bytes([10]) + first[1:]: nested}


def test_captured_numbers_and_members() -> None:
    with osmia.load(captured) as bpf:
        bpf[captured].run(PACKET)
        assert dict(bpf[sized].items()) == {u32(1): u64(40_007), u32(2): u64(3)}


def test_a_closure_is_a_program_for_each_of_its_values() -> None:
    drops, passes = make_firewall(60, XdpAction.DROP), make_firewall(64, XdpAction.DROP)
    aborts = make_firewall(63, XdpAction.ABORTED)
    for program, verdict in ((drops, XdpAction.DROP), (passes, XdpAction.PASS), (aborts, XdpAction.ABORTED)):
        with osmia.load(program) as bpf:
            assert bpf[program].run(PACKET).action == verdict


def test_a_function_of_a_class() -> None:
    with osmia.load(with_class) as bpf:
        assert bpf[with_class].run(PACKET).action == XdpAction.TX
        assert bpf[with_class].run(bytes(65)).action == XdpAction.PASS


def test_two_programs_of_one_name_are_refused() -> None:
    with pytest.raises(UsageError, match="two programs are named 'firewall'"):
        osmia.load(make_firewall(1, XdpAction.DROP), make_firewall(2, XdpAction.DROP))


def test_a_program_cannot_be_named_like_its_section() -> None:
    def tc(ctx: TcContext) -> TcAction:
        return TcAction.OK

    with pytest.raises(UsageError, match="'tc' is named like a section"):
        osmia.load(osmia.classifier(tc))


@pytest.mark.parametrize(
    ("limit", "strict", "verdict"),
    [
        (None, None, XdpAction.DROP),
        (65, None, XdpAction.PASS),
        (65, True, XdpAction.TX),
        (1, False, XdpAction.DROP),
    ],
)
def test_constants_have_their_default_or_what_is_set(
    limit: int | None, strict: bool | None, verdict: XdpAction
) -> None:
    constants: dict[Constant[u32] | Constant[bool], u32 | bool] = {}
    if limit is not None:
        constants[LIMIT] = u32(limit)
    if strict is not None:
        constants[STRICT] = strict
    with osmia.load(configured, constants=constants) as bpf:
        assert bpf[configured].run(PACKET).action == verdict
    with osmia.simulate(configured, constants=constants) as bpf:
        assert bpf[configured].run(PACKET).action == verdict


def test_names_that_are_not_ascii() -> None:
    with osmia.load(named) as bpf:
        bpf[named].run(PACKET)
        assert bpf[größen][u32(64)].sum() == 1
