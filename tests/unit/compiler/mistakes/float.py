"""A fraction."""

from osmia import XdpAction, XdpContext, xdp


@xdp
def program(ctx: XdpContext) -> XdpAction:
    rate = ctx.length * 0.5
    return XdpAction.PASS
