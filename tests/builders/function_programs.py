"""Programs that call: functions, other programs, and loops that the kernel counts."""

from __future__ import annotations

from osmia import ArrayMap, ProgramArray, XdpAction, XdpContext, function, loop, u8, u32, u64, xdp
from osmia.net import EthHdr

results = ArrayMap(u64, max_entries=4)


@function(inline=False)
def last_of_source(eth: EthHdr) -> u8:
    return eth.src_addr[5]


@function(verified_alone=True)
def longer(ctx: XdpContext, least: u32) -> bool:
    return ctx.length > least


@xdp
def second(ctx: XdpContext) -> XdpAction:
    results[u32(0)] += 100
    return XdpAction.TX


steps = ProgramArray(XdpContext, {1: second})


@xdp
def first(ctx: XdpContext) -> XdpAction:
    eth = ctx.packet().read(EthHdr)
    if eth is None:
        return XdpAction.ABORTED
    results[u32(0)] = u64(last_of_source(eth))
    steps.tail_call(ctx, u32(1) if longer(ctx, u32(64)) else u32(0))
    return XdpAction.PASS


@xdp
def long_loop(ctx: XdpContext) -> XdpAction:
    total = u64(0)
    for i in loop(100_000):
        if u32(i) == ctx.length * 1000:
            break
        total += u64(i)
    results[u32(1)] = total
    return XdpAction.PASS if total != 3 else XdpAction.DROP
