"""Integers that are changed in one step: as fields, as values of maps, as global variables."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

import osmia
from osmia import (
    ArrayMap,
    Atomic,
    Bpf,
    Global,
    HashMap,
    XdpAction,
    XdpContext,
    i64,
    struct,
    u8,
    u16,
    u32,
    u64,
    xdp,
)

FRAME = bytes(64)
OPEN = [pytest.param(osmia.simulate, id="simulation"), pytest.param(osmia.load, id="kernel")]
Open = Callable[..., Bpf]


@struct
class Counters:
    kind: u8
    wide: Atomic[u64]
    narrow: Atomic[u32]
    plain: u32


entries = HashMap(u32, Counters, max_entries=4)
sums = ArrayMap(Atomic[i64], max_entries=2)
ticket = Global(Atomic(u32(4_294_967_290)))
results = ArrayMap(u64, max_entries=16)


@xdp
def changing(ctx: XdpContext) -> XdpAction:
    entries.insert(
        u32(1), Counters(kind=u8(1), wide=Atomic(u64(12)), narrow=Atomic[u32](u32(7)), plain=u32(0))
    )
    entry = entries.lookup(u32(1))
    total = sums.lookup(1)
    if entry is None or total is None:
        return XdpAction.ABORTED
    total.add(-5)
    results[0] = entry.wide.add(u64(1 << 40))
    results[1] = entry.wide.and_(0xFF)
    results[2] = entry.wide.or_(0xF000)
    results[3] = entry.wide.xor(u64(ctx.length))
    results[4] = entry.wide.exchange(99)
    results[5] = entry.wide.compare_exchange(98, 1)
    results[6] = entry.wide.compare_exchange(99, 2)
    results[7] = entry.wide.value
    results[8] = u64(entry.narrow.compare_exchange(u32(7), u32(8)))
    results[9] = u64(entry.narrow.exchange(u32(ctx.length)))
    entry.narrow.add(1)
    entry.narrow.value += 2
    entry.plain = entry.narrow.value
    results[10] = u64(ticket.value.add(10))
    results[11] = u64(ticket.value.value)
    ticket.value.or_(1)
    ticket.value.and_(3)
    ticket.value.xor(2)
    results[12] = u64(ticket.value.exchange(1))
    results[13] = u64(total.compare_exchange(-5, -6))
    return XdpAction.PASS


@pytest.mark.parametrize("opened", OPEN)
def test_each_operation_gives_the_value_before(opened: Open) -> None:
    with opened(changing) as bpf:
        assert bpf[changing].run(FRAME).action == XdpAction.PASS
        given = [int(value) for value in bpf[results].values()]
        assert given == [
            *(12, (1 << 40) + 12, 12, 0xF00C, 0xF04C, 99, 99, 2, 7, 8),
            *(4_294_967_290, 4, (5 & 3) ^ 2, 2**64 - 5, 0, 0),
        ]
        entry = bpf[entries][u32(1)]
        assert [int(each) for each in (entry.wide.value, entry.narrow.value, entry.plain)] == [2, 67, 67]
        assert bpf[sums][1].value == -6
        assert bpf[ticket].value == Atomic(u32(1))


@xdp
def counting(ctx: XdpContext) -> XdpAction:
    total = sums.lookup(0)
    if total is None:
        return XdpAction.ABORTED
    total.add(1)
    ticket.value.add(1)
    turn = ticket.value.add(1)
    entries.insert(turn, Counters(kind=u8(1), wide=Atomic(u64(0)), narrow=Atomic(u32(0)), plain=u32(0)))
    return XdpAction.PASS


def test_no_processor_loses_what_another_adds() -> None:
    with osmia.load(counting) as bpf, ThreadPoolExecutor(4) as threads:
        bpf[ticket].value = Atomic(u32(0))
        for done in [threads.submit(bpf[counting].run, FRAME, repeat=20_000) for _ in range(4)]:
            done.result()
        assert bpf[sums][0].value == 80_000
        assert bpf[ticket].value.value == 160_000


def test_only_what_the_kernel_has() -> None:
    with pytest.raises(TypeError, match="32 and 64 bits only, not of u16"):
        Atomic[u16]
    with pytest.raises(TypeError, match=r"write Atomic\[u64\]"):
        Atomic["u64"]
    assert repr(Atomic(u64(3))) == "Atomic(u64(3))"
