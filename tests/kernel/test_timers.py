"""Timers in the values of maps: they fire, in the simulation when its clock is set, and can be cancelled."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

import osmia
from osmia import (
    ArrayMap,
    Bpf,
    Global,
    HashMap,
    LpmTrie,
    LruHashMap,
    SimulatedBpf,
    Timer,
    UsageError,
    XdpAction,
    XdpContext,
    be32,
    struct,
    timer_callback,
    u32,
    u64,
    xdp,
)

FRAME = bytes(64)
OPEN = [pytest.param(osmia.simulate, id="simulation"), pytest.param(osmia.load, id="kernel")]
Open = Callable[..., Bpf]


@struct
class Address:
    high: u32
    low: u32


@struct
class Session:
    packets: u64
    timer: Timer = Timer()
    turns: u32


@struct
class Beat:
    count: u64
    timer: Timer = Timer()


sessions = HashMap(Address, Session, max_entries=8)
recent = LruHashMap(u32, Session, max_entries=8)
beats = ArrayMap(Beat, max_entries=2)
expired = Global(u64(0))
lengths = Global(u32(0))


@timer_callback(sessions)
def expire(address: Address, session: Session) -> None:
    expired.value += session.packets + u64(address.low)
    if address.low == 3:
        return
    del sessions[address]
    address.high = u32(9)  # a copy


@timer_callback(beats)
def beat(index: u32, value: Beat) -> None:
    value.count += u64(index) + 1
    if value.count < 6:
        value.timer.start(1_000_000, beat)


@timer_callback(beats)
def never(index: u32, value: Beat) -> None:
    value.count = u64(1000)


def arm(session: Session, after: u64) -> bool:
    return session.timer.start(after, expire)


@xdp
def starting(ctx: XdpContext) -> XdpAction:
    key = Address(high=u32(1), low=ctx.rx_queue_index + 2)
    sessions.insert(key, Session(packets=u64(0), turns=u32(0)))
    session = sessions.lookup(key)
    other = beats.lookup(1)
    if session is None or other is None:
        return XdpAction.ABORTED
    session.packets += 40
    if not arm(session, u64(1_000_000)):
        return XdpAction.DROP
    other.timer.start(1_000_000, beat)
    return XdpAction.PASS


@xdp
def cancelling(ctx: XdpContext) -> XdpAction:
    value = beats.lookup(0)
    if value is None or value.timer.cancel():
        return XdpAction.ABORTED
    if not value.timer.start(5_000_000, never) or not value.timer.start(u64(4_000_000), never):
        return XdpAction.DROP
    lengths.value += u32(value.timer.cancel())
    lengths.value += u32(value.timer.cancel())
    return XdpAction.PASS


@xdp
def replacing(ctx: XdpContext) -> XdpAction:
    value = beats.lookup(0)
    if value is None:
        return XdpAction.ABORTED
    value.timer.start(5_000_000, never)
    beats[u32(0)] = Beat(count=u64(3))
    return XdpAction.PASS


def wait(bpf: Bpf, arrived: Callable[[], bool]) -> None:
    """Until timers of a few milliseconds fired."""
    if isinstance(bpf, SimulatedBpf):
        bpf.kernel.clock_ns += 1_000_000_000
        return
    end = time.monotonic() + 10
    while not arrived() and time.monotonic() < end:
        time.sleep(0.01)


@pytest.mark.parametrize("opened", OPEN)
def test_timers_fire_with_their_entry_and_start_again(opened: Open) -> None:
    with opened(starting) as bpf:
        assert bpf[starting].run(FRAME).action == XdpAction.PASS
        wait(bpf, lambda: int(bpf[beats][1].count) == 6 and not bpf[sessions])
        assert int(bpf[beats][1].count) == 6
        assert len(bpf[sessions]) == 0
        assert int(bpf[expired].value) == 42


@pytest.mark.parametrize("opened", OPEN)
def test_a_timer_that_is_cancelled_never_fires(opened: Open) -> None:
    with opened(cancelling) as bpf:
        assert bpf[cancelling].run(FRAME).action == XdpAction.PASS
        assert int(bpf[lengths].value) == 1
        wait(bpf, lambda: False) if isinstance(bpf, SimulatedBpf) else time.sleep(0.05)
        assert int(bpf[beats][0].count) == 0


@pytest.mark.parametrize("opened", OPEN)
def test_an_entry_that_is_replaced_loses_its_timer(opened: Open) -> None:
    with opened(replacing) as bpf:
        assert bpf[replacing].run(FRAME).action == XdpAction.PASS
        wait(bpf, lambda: False) if isinstance(bpf, SimulatedBpf) else time.sleep(0.05)
        assert int(bpf[beats][0].count) == 3


def test_timers_of_a_simulation_fire_when_they_are_due_and_not_before() -> None:
    with osmia.simulate(starting) as bpf:
        start = bpf.kernel.clock_ns
        bpf[starting].run(FRAME)
        bpf.kernel.clock_ns = start + 999_999
        assert int(bpf[beats][1].count) == 0
        bpf.kernel.clock_ns = start + 2_000_000
        assert int(bpf[beats][1].count) == 4
        assert bpf.kernel.clock_ns == start + 2_000_000


def test_a_timer_calls_with_entries_of_its_own_map_only() -> None:
    with osmia.simulate(starting):
        recent[u32(1)] = Session(packets=u64(1), turns=u32(0))
        session = recent.lookup(u32(1))
        assert session is not None
        with pytest.raises(UsageError, match="timers of another map"):
            session.timer.start(1, expire)


def test_timers_only_where_the_kernel_finds_them() -> None:
    with pytest.raises(TypeError, match="LruHashMap or ArrayMap"):
        LpmTrie(be32, Session, max_entries=1)
    with pytest.raises(TypeError, match="not in a Global"):
        Global(Session(packets=u64(0), turns=u32(0)))
    with pytest.raises(TypeError, match="have no Timer"):
        timer_callback(HashMap(u32, u32, max_entries=1))
