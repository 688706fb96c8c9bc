"""Programs with state of every kind that Linux 5.10 has: each kernel loads and runs them."""

from __future__ import annotations

from osmia import (
    ArrayMap,
    Atomic,
    Global,
    RingBuf,
    SpinLock,
    XdpAction,
    XdpContext,
    struct,
    u32,
    u64,
    xdp,
)


@struct
class Guarded:
    total: u64
    lock: SpinLock = SpinLock()


@struct
class Opened:
    length: u32


@struct
class Closed:
    bytes: u64


packets = Global(u64(0))
limit = Global(u32(1000))
turns = Global(Atomic(u64(0)))
guarded = ArrayMap(Guarded, max_entries=1)
connections = RingBuf(Opened, Closed, byte_size=4096)


@xdp
def state(ctx: XdpContext) -> XdpAction:
    packets.value += 1
    turns.value.add(2)
    entry = guarded.lookup(0)
    if entry is None:
        return XdpAction.ABORTED
    with entry.lock:
        if entry.total > 1000:
            return XdpAction.TX
        entry.total += 3
    opened = connections.reserve(Opened)
    if opened is None:
        return XdpAction.DROP
    opened.length = ctx.length
    if ctx.length > limit.value:
        connections.discard(opened)
        return XdpAction.ABORTED
    connections.submit(opened)
    return XdpAction.PASS if connections.output(Closed(bytes=u64(1))) else XdpAction.DROP
