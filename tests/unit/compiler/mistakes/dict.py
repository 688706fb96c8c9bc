"""A dict of the module."""

from osmia import XdpAction, XdpContext, xdp

seen = {}


@xdp
def program(ctx: XdpContext) -> XdpAction:
    seen[1] = 2
    return XdpAction.PASS
