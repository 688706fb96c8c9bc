"""A program takes its context."""

from osmia import XdpAction, XdpContext, u32, xdp


@xdp
def program(ctx: XdpContext, limit: u32) -> XdpAction:
    return XdpAction.PASS
