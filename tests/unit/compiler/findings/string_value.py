"""There are no strings."""

from osmia import XdpAction, XdpContext, xdp


@xdp
def program(ctx: XdpContext) -> XdpAction:
    name = "eth0"
    return XdpAction.PASS
