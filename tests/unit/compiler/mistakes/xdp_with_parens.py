"""A decorator called."""

from osmia import XdpAction, XdpContext, xdp


@xdp()
def program(ctx: XdpContext) -> XdpAction:
    return XdpAction.PASS
