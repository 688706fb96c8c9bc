"""There is no such instruction."""

from osmia import XdpAction, XdpContext, xdp


@xdp
def program(ctx: XdpContext) -> XdpAction:
    square = ctx.length**2
    return XdpAction.PASS
