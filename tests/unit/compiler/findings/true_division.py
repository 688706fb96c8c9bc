"""There is no floating point."""

from osmia import XdpAction, XdpContext, xdp


@xdp
def program(ctx: XdpContext) -> XdpAction:
    half = ctx.length / 2
    return XdpAction.PASS
