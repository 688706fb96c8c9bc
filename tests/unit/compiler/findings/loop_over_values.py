"""Ranges, arrays and tuples are looped over, not texts."""

from osmia import XdpAction, XdpContext, u32, xdp

PORTS = {80: "http", 443: "https"}


@xdp
def program(ctx: XdpContext) -> XdpAction:
    total = u32(0)
    for port in PORTS:
        total += port
    return XdpAction.PASS
