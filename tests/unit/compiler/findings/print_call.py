"""There is no console."""

from osmia import XdpAction, XdpContext, xdp


@xdp
def program(ctx: XdpContext) -> XdpAction:
    print("packet")
    return XdpAction.PASS
