"""A verdict that does not exist."""

from osmia import XdpAction, XdpContext, xdp


@xdp
def program(ctx: XdpContext) -> XdpAction:
    return XdpAction.DROPP
