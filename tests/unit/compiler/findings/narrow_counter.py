"""Atomic addition has 32 or 64 bits."""

from osmia import HashMap, XdpAction, XdpContext, u16, u32, xdp

small = HashMap(u32, u16, max_entries=16)


@xdp
def program(ctx: XdpContext) -> XdpAction:
    small[u32(1)] += 1
    return XdpAction.PASS
