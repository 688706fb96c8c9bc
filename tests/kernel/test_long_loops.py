"""Loops whose turns the kernel counts: in the kernel and as plain Python, with the same result."""

from __future__ import annotations

import pytest

import osmia
from osmia import (
    ArrayMap,
    Bpf,
    RingBuf,
    XdpAction,
    XdpContext,
    function,
    i32,
    log,
    loop,
    struct,
    u8,
    u16,
    u32,
    u64,
    xdp,
)
from osmia.net import EthHdr

FRAME = bytes(6) + bytes([1, 2, 3, 4, 5, 7]) + b"\x08\x00"
LENGTHS = (14, 20, 40, 64, 65, 66)
found = ArrayMap(u64, max_entries=8)
events = RingBuf(u64, byte_size=4096)


@struct
class Pair:
    first: u32
    second: u64


def search(number: u32) -> u32:
    for i in loop(5_000):
        if u32(i) * 3 == number:
            return u32(i)
    return u32(9999)


@xdp
def counting(ctx: XdpContext) -> XdpAction:
    total = u64(0)
    for i in loop(100_000):
        total += u64(i)
    found[u32(0)] = total
    found[u32(1)] = u64(search(ctx.length * 3)) + u64(search(u32(7)))
    return XdpAction.PASS if total == 4_999_950_000 else XdpAction.DROP


@xdp
def leaving(ctx: XdpContext) -> XdpAction:
    pair = Pair(first=u32(1), second=u64(2))
    total, last = u64(0), u32(0)
    for i in loop(ctx.length):
        if i == 40:
            break
        if i % 2 == 0:
            continue
        pair.second += u64(ctx.length)
        for j in loop(10):
            if j == 8 and i == 39:
                last = u32(j)
                break
            total += 1
        if total == 77:
            return XdpAction.DROP
        if ctx.length == 66 and i == 7:
            return XdpAction.TX
    else:
        last += 100
    found[u32(0)] = pair.second
    found[u32(1)] = total
    found[u32(2)] = u64(last)
    return XdpAction.PASS


@function(inline=False)
def smallest(ctx: XdpContext, least: u8) -> u8:
    eth = ctx.packet().read(EthHdr)
    if eth is None:
        return u8(0)
    chosen = u8(255)
    negative = i32(-1)
    ready = False
    for i in loop(6):
        byte = eth.src_addr[i]
        ready = byte > least
        if ready and byte < chosen:
            chosen = byte
            negative -= i32(byte)
    return chosen + 100 if ready and negative < -1 else chosen


@xdp
def reading(ctx: XdpContext) -> XdpAction:
    eth = ctx.packet().read(EthHdr)
    if eth is None:
        return XdpAction.PASS
    seen, narrow = u64(0), u16(65_530)
    newest = Pair(first=u32(0), second=u64(0))
    for i in loop(3):
        place = found.lookup(u32(i))
        if place is not None:
            place.value += u64(eth.src_addr[5])
        newest.first = u32(i)
        copied = Pair(first=newest.first, second=u64(eth.src_addr[i]))
        newest.second = copied.second
        seen += u64(eth.src_addr[i])
        narrow += 3
        log.info(f"turn {i} of {ctx.length}")
        event = events.reserve()
        if event is not None:
            event.value = seen
            events.submit(event)
    found[u32(4)] = seen + (u64(newest.first) << 8) + (newest.second << 16)
    found[u32(5)] = u64(narrow)
    found[u32(6)] = u64(smallest(ctx, u8(1)))
    return XdpAction.TX


PROGRAMS = (counting, leaving, reading)


def results(bpf: Bpf, program: osmia.XdpProgram) -> list[object]:
    outcome: list[object] = []
    for length in LENGTHS:
        outcome.append(bpf[program].run(FRAME + bytes(length - 14)).action)
        outcome += [int(value) for value in bpf[found].values()]
    if program is reading:
        outcome += [int(event) for event in bpf[events].read(timeout=1)]
    return outcome


def test_the_kernel_counts_to_what_python_counts_to() -> None:
    with osmia.simulate(counting) as bpf:
        assert results(bpf, counting)[:3] == [XdpAction.PASS, 4_999_950_000, 14 + 9999]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_long_loops_are_the_same_in_the_kernel(program: osmia.XdpProgram) -> None:
    with osmia.simulate(program) as bpf:
        expected = results(bpf, program)
    with osmia.load(program) as bpf:
        assert bpf.object.notes == ()
        assert results(bpf, program) == expected


def test_there_are_no_more_turns_than_the_kernel_makes() -> None:
    assert len(loop(1 << 30)) == len(loop(u32(0xFFFF_FFFF))) == 1 << 23
    assert list(loop(u8(3))) == [0, 1, 2]


@xdp
def too_many(ctx: XdpContext) -> XdpAction:
    turns = u64(0)
    for _ in loop(ctx.length << 24):
        turns += 1
    found[u32(7)] = turns
    return XdpAction.PASS


def test_a_greater_count_makes_as_many_turns_as_there_can_be() -> None:
    with osmia.load(too_many) as bpf:
        bpf[too_many].run(FRAME)
        assert bpf[found][7] == 1 << 23
