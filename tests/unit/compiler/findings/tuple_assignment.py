"""Several targets at once are not compiled."""

from osmia import XdpAction, XdpContext, u32, xdp


@xdp
def program(ctx: XdpContext) -> XdpAction:
    a, b = u32(1), u32(2)
    return XdpAction.PASS if a < b else XdpAction.DROP
