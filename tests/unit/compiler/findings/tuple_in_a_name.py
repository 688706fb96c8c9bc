"""A tuple has no place in memory."""

from osmia import XdpAction, XdpContext, u32, xdp


@xdp
def program(ctx: XdpContext) -> XdpAction:
    pair = u32(1), u32(2)
    return XdpAction.PASS
