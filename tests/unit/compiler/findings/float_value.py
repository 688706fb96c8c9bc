"""There is no floating point."""

from osmia import XdpAction, XdpContext, xdp


@xdp
def program(ctx: XdpContext) -> XdpAction:
    limit = 1.5
    return XdpAction.PASS if ctx.length > limit else XdpAction.DROP
