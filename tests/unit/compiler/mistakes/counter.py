"""A counter of the module."""

from osmia import XdpAction, XdpContext, xdp

packets = 0


@xdp
def program(ctx: XdpContext) -> XdpAction:
    packets += 1
    return XdpAction.PASS
