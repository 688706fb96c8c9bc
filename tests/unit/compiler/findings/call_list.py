"""A list cannot be called."""

from osmia import XdpAction, XdpContext, xdp

PORTS = [80, 443]


@xdp
def program(ctx: XdpContext) -> XdpAction:
    PORTS()
    return XdpAction.PASS
