"""A global function gets all that its signature names, also what it does not use."""

from __future__ import annotations

from osmia import ArrayMap, XdpAction, XdpContext, function, i16, struct, u16, u32, u64, xdp

results = ArrayMap(u64, max_entries=4)


@struct
class Input:
    first: u16
    second: i16


@function(verified_alone=True)
def first_of(first: u16, second: i16, third: bool) -> u16:
    return first


@function(verified_alone=True)
def overwritten(number: u32) -> u32:
    number = u32(7)
    return number + 1


@xdp
def calls(ctx: XdpContext) -> XdpAction:
    packet = ctx.packet()
    p = packet.read(Input)
    if p is None:
        return XdpAction.ABORTED
    results[0] = u64(first_of(p.first, p.second, p.second < 0))
    results[1] = u64(overwritten(ctx.length))
    return XdpAction.PASS
