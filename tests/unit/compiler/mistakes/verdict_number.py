"""A verdict as a number."""

from osmia import XdpAction, XdpContext, xdp


@xdp
def program(ctx: XdpContext) -> XdpAction:
    return 1
