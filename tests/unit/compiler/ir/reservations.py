"""Room in a ring buffer: given back once on every way, through loops and called functions."""

from typing import Literal

from osmia import Array, RingBuf, RingBufFlags, XdpAction, XdpContext, struct, u8, u32, u64, xdp


@struct
class Event:
    length: u32
    number: u64
    bytes: Array[u8, Literal[8]]


ring = RingBuf(Event, byte_size=4096)
numbers = RingBuf(u64, byte_size=4096)


@xdp
def reservations(ctx: XdpContext) -> XdpAction:
    event = ring.reserve()
    if event is None:
        return XdpAction.DROP
    event.bytes[ctx.length % 8] = u8(1)
    event.length = ctx.length
    ring.submit(event, RingBufFlags.NO_WAKEUP)
    return XdpAction.PASS


@xdp
def many(ctx: XdpContext) -> XdpAction:
    for index in range(4):
        number = numbers.reserve()
        if number is None:
            break
        number.value = u64(index)
        numbers.submit(number)
    return XdpAction.PASS
