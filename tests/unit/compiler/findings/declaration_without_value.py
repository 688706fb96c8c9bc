"""A variable without a value would be unset."""

from osmia import XdpAction, XdpContext, u32, xdp


@xdp
def program(ctx: XdpContext) -> XdpAction:
    count: u32
    count = ctx.length
    return XdpAction.PASS
