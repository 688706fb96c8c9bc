"""An integer has no elements."""

from osmia import XdpAction, XdpContext, xdp


@xdp
def program(ctx: XdpContext) -> XdpAction:
    if ctx.length[0] == 1:
        return XdpAction.DROP
    return XdpAction.PASS
