"""Room in ring buffers that is reserved, written in place and given back, in the kernel and in simulation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import pytest

import osmia
from osmia import (
    Array,
    Bpf,
    PerfEventArray,
    RingBuf,
    RingBufFlags,
    UsageError,
    XdpAction,
    XdpContext,
    XdpProgram,
    log,
    struct,
    u8,
    u16,
    u32,
    u64,
    xdp,
)
from osmia.lang.memory import encode

FRAME = bytes(range(64))
OPEN = [pytest.param(osmia.simulate, id="simulation"), pytest.param(osmia.load, id="kernel")]
Open = Callable[..., Bpf]


@struct
class Seen:
    kind: u16
    length: u64
    marks: Array[u8, Literal[12]]


before = RingBuf(u32, byte_size=4096)
seen = RingBuf(Seen, byte_size=4096)
zeros = RingBuf(u64, byte_size=4096)


@struct
class Opened:
    port: u16


@struct
class Closed:
    port: u16
    sent: u64
    received: u64


connections = RingBuf(Opened, Closed, byte_size=4096)
reports = PerfEventArray(Closed, Opened)


def fill(event: Seen, length: u32) -> None:
    event.length = u64(length)


def send(event: Seen, length: u32) -> None:
    if length > 1000:
        seen.discard(event, RingBufFlags.NO_WAKEUP)
        return
    event.kind = u16(3)
    seen.submit(event)


@xdp
def in_place(ctx: XdpContext) -> XdpAction:
    event = seen.reserve()
    if event is None:
        return XdpAction.ABORTED
    # The verifier is shown a bound here, and a way out that nothing takes.
    event.marks[ctx.length % 12] = u8(7)
    fill(event, ctx.length)
    send(event, ctx.length)
    return XdpAction.PASS


@xdp
def in_turns(ctx: XdpContext) -> XdpAction:
    sent = u32(0)
    for index in range(6):
        number = zeros.reserve()
        if number is None:
            break
        if index == 2:
            zeros.discard(number)
            continue
        if index < 4:
            number.value = u64(index) + 10
        zeros.submit(number, RingBufFlags.FORCE_WAKEUP)
        sent += 1
    return XdpAction.PASS if sent == 5 else XdpAction.ABORTED


@xdp
def one_of_two(ctx: XdpContext) -> XdpAction:
    event = seen.reserve()
    if ctx.length > 100:
        if event is not None:
            seen.discard(event)
        return XdpAction.DROP
    if not event:
        return XdpAction.ABORTED
    event.length = u64(ctx.length)
    log.warning(f"length {event.length}")
    seen.submit(event)
    return XdpAction.PASS


@xdp
def flooding(ctx: XdpContext) -> XdpAction:
    if not before.output(ctx.length, RingBufFlags.NO_WAKEUP):
        log.debug("no room")
    event = seen.reserve()
    if event is None:
        return XdpAction.DROP
    seen.submit(event, RingBufFlags.NO_WAKEUP)
    return XdpAction.PASS


@xdp
def connecting(ctx: XdpContext) -> XdpAction:
    opened = connections.reserve(Opened)
    if opened is None:
        return XdpAction.DROP
    opened.port = u16(80)
    connections.submit(opened)
    closed = connections.reserve(Closed)
    if closed is None:
        return XdpAction.DROP
    closed.sent = u64(ctx.length)
    if ctx.length > 100:
        connections.discard(closed)
    else:
        connections.submit(closed)
    connections.output(Opened(port=u16(443)))
    reports.output(ctx, Opened(port=u16(22)))
    reports.output(ctx, Closed(port=u16(22), sent=u64(1), received=u64(ctx.length)))
    return XdpAction.PASS


def run(bpf: Bpf, program: XdpProgram, data: bytes = FRAME, *, repeat: int = 1) -> XdpAction:
    return bpf[program].run(data, repeat=repeat).action


@pytest.mark.parametrize("opened", OPEN)
def test_an_event_is_written_where_the_reader_finds_it(opened: Open) -> None:
    with opened(in_place) as bpf:
        assert run(bpf, in_place) == XdpAction.PASS
        assert run(bpf, in_place, bytes(1200)) == XdpAction.PASS
        assert run(bpf, in_place, bytes(61)) == XdpAction.PASS
        first, second = bpf[seen].read(5)
        assert encode(Seen, first) == bytes([3, 0, 0, 0, 0, 0, 0, 0, 64]) + bytes(11) + b"\7" + bytes(11)
        assert second.length == 61
        assert [int(mark) for mark in second.marks] == [0, 7, *[0] * 10]
        assert bpf[seen].lost == 0


@pytest.mark.parametrize("opened", OPEN)
def test_a_loop_reserves_in_each_turn(opened: Open) -> None:
    with opened(in_turns) as bpf:
        assert run(bpf, in_turns) == XdpAction.PASS
        assert [int(number) for number in bpf[zeros].read(5)] == [10, 11, 13, 0, 0]


@pytest.mark.parametrize("opened", OPEN)
def test_the_test_may_come_later(opened: Open) -> None:
    with opened(one_of_two) as bpf:
        assert run(bpf, one_of_two) == XdpAction.PASS
        assert run(bpf, one_of_two, bytes(200)) == XdpAction.DROP
        assert [event.length for event in bpf[seen].read(5)] == [64]


@pytest.mark.parametrize("opened", OPEN)
@pytest.mark.parametrize("count", [10, 1000])
def test_what_was_sent_was_read_or_is_counted_as_lost(opened: Open, count: int) -> None:
    with opened(flooding) as bpf:
        numbers, events = bpf[before], bpf[seen]
        assert run(bpf, flooding, repeat=count) == (XdpAction.PASS if count == 10 else XdpAction.DROP)
        # Records of 16 and of 40 bytes; a ring never fills to the last byte.
        assert len(numbers.read(0)) == min(count, 4096 // 16 - 1)
        assert len(events.read_columns(0)) == min(count, 4096 // 40)
        assert numbers.lost == count - min(count, 4096 // 16 - 1)
        assert events.lost == count - min(count, 4096 // 40)
        run(bpf, flooding)
        assert len(numbers.read(0)) == 1
        assert numbers.lost == count - min(count, 4096 // 16 - 1)


@pytest.mark.parametrize("opened", OPEN)
def test_classes_share_a_buffer(opened: Open) -> None:
    with opened(connecting) as bpf:
        reports_reader = bpf[reports]
        for size in (64, 200, 65):
            assert run(bpf, connecting, bytes(size)) == XdpAction.PASS
        events = bpf[connections].read(5)
        kinds = [type(event) for event in events]
        assert kinds == [Opened, Closed, Opened, Opened, Opened, Opened, Closed, Opened]
        assert [int(event.port) for event in events] == [80, 0, 443, 80, 443, 80, 0, 443]
        assert [int(event.sent) for event in events if isinstance(event, Closed)] == [64, 65]
        assert [int(event.received) for event in reports_reader.read(5) if isinstance(event, Closed)] == [
            64,
            200,
            65,
        ]


@pytest.mark.parametrize("opened", OPEN)
def test_columns_of_each_class(opened: Open) -> None:
    with opened(connecting) as bpf:
        reader = bpf[connections]
        for _ in range(3):
            run(bpf, connecting)
        for first in reader.events(5):
            assert isinstance(first, Opened)
            break
        columns = reader.read_columns_by_class(5)
        assert list(columns) == [Opened, Closed]
        assert columns[Opened]["port"].tolist() == [443, 80, 443, 80, 443]
        assert columns[Closed]["sent"].tolist() == [64, 64, 64]
        with pytest.raises(UsageError, match="read_columns_by_class"):
            reader.read_columns(0)


@pytest.mark.parametrize("opened", OPEN)
def test_losses_of_a_shared_buffer_are_counted(opened: Open) -> None:
    with opened(connecting) as bpf:
        run(bpf, connecting, repeat=100)
        # Each run that does not send its last event has lost one on the way to it.
        last = [event for event in bpf[connections].read(0) if event.port == 443]
        assert 0 < len(last) < 100
        assert bpf[connections].lost == 100 - len(last)


def test_a_simulated_program_gives_back_once_what_it_reserved() -> None:
    with osmia.simulate(in_place) as bpf:
        with pytest.raises(UsageError, match="is not reserved"):
            seen.submit(Seen(kind=u16(1), length=u64(2), marks=Array[u8, Literal[12]]()))
        event = seen.reserve()
        assert event is not None
        seen.submit(event)
        with pytest.raises(ValueError, match="released"):
            event.length = u64(1)
        with pytest.raises(UsageError, match="is not reserved"):
            seen.discard(event)
        assert [each.length for each in bpf[seen].read(0)] == [0]
        other = seen.reserve()
        with pytest.raises(UsageError, match="kept 1 reserved event"):
            run(bpf, in_place)
        assert other is not None
    bpf = osmia.simulate(in_place)
    bpf.__enter__()
    kept = [seen.reserve(), seen.reserve()]
    assert None not in kept
    with pytest.raises(UsageError, match="kept 2 reserved events"):
        bpf.__exit__(None, None, None)
