"""Spin locks in the values of maps: released on every way, and seen by user space."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Literal

import pytest

import osmia
from osmia import (
    Array,
    ArrayMap,
    Bpf,
    Global,
    HashMap,
    LruHashMap,
    SpinLock,
    UsageError,
    XdpAction,
    XdpContext,
    struct,
    u8,
    u32,
    u64,
    xdp,
)

FRAME = bytes(64)
OPEN = [pytest.param(osmia.simulate, id="simulation"), pytest.param(osmia.load, id="kernel")]
Open = Callable[..., Bpf]


@struct
class Pair:
    first: u64
    lock: SpinLock = SpinLock()
    second: u64
    marks: Array[u8, Literal[4]]


pairs = ArrayMap(Pair, max_entries=2)
named = HashMap(u32, Pair, max_entries=2)


def raise_both(pair: Pair, amount: u64) -> bool:
    with pair.lock:
        if pair.first > 100:
            return False
        pair.first += amount
        pair.second = pair.first
    return True


@xdp
def counting(ctx: XdpContext) -> XdpAction:
    named.insert(u32(7), Pair(first=u64(95), second=u64(95), marks=Array[u8, Literal[4]]()))
    pair = named.lookup(u32(7))
    other = pairs.lookup(0)
    if pair is None or other is None:
        return XdpAction.ABORTED
    if not raise_both(pair, u64(ctx.length)):
        return XdpAction.DROP
    with other.lock:
        for index in range(4):
            if index == 3:
                continue
            other.first += 1
            # The verifier is shown a bound here, and a way out that nothing takes.
            other.marks[ctx.length & 3] = u8(index)
    for index in range(8):
        with other.lock:
            if index == 2:
                continue
            if index == 5:
                break
            other.second += 1
    with other.lock:
        if ctx.length > 64:
            return XdpAction.TX
        other.second += 10
    return XdpAction.PASS


@pytest.mark.parametrize("opened", OPEN)
def test_a_lock_is_released_on_every_way(opened: Open) -> None:
    with opened(counting) as bpf:
        assert bpf[counting].run(FRAME).action == XdpAction.PASS
        assert bpf[counting].run(FRAME).action == XdpAction.DROP
        pair = bpf[named][u32(7)]
        assert (int(pair.first), int(pair.second)) == (159, 159)
        pair.first = u64(1)
        bpf[named][u32(7)] = pair
        assert bpf[counting].run(bytes(65)).action == XdpAction.TX
        assert [int(value.second) for value in bpf[named].values()] == [66]
        other = bpf[pairs][0]
        assert [int(each) for each in (other.first, other.second, *other.marks)] == [6, 18, 2, 2, 0, 0]


@xdp
def tearing(ctx: XdpContext) -> XdpAction:
    pair = pairs.lookup(1)
    if pair is None:
        return XdpAction.ABORTED
    with pair.lock:
        pair.first += 1
        pair.second += 1
    return XdpAction.PASS


def test_user_space_never_sees_half_a_value() -> None:
    with osmia.load(tearing) as bpf, ThreadPoolExecutor(2) as threads:
        running = [threads.submit(bpf[tearing].run, FRAME, repeat=200_000) for _ in range(2)]
        while not all(each.done() for each in running):
            pair = bpf[pairs][1]
            assert pair.first == pair.second
        assert bpf[pairs][1].first == 400_000


def test_where_locks_can_be() -> None:
    with pytest.raises(TypeError, match="value of a HashMap or ArrayMap"):
        LruHashMap(u32, Pair, max_entries=1)
    with pytest.raises(TypeError, match="not in a Global"):
        Global(SpinLock())

    @struct
    class Deep:
        pair: Pair

    with pytest.raises(TypeError, match="the only one of its struct"):
        ArrayMap(Deep, max_entries=1)
    lock = SpinLock()
    with lock, pytest.raises(UsageError, match="held already"):
        lock.__enter__()
