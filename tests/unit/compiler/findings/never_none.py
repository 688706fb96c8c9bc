"""A test that can have one outcome only."""

from osmia import XdpAction, XdpContext, xdp


@xdp
def program(ctx: XdpContext) -> XdpAction:
    if ctx.length is None:
        return XdpAction.DROP
    return XdpAction.PASS
