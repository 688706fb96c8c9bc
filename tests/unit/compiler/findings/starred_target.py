"""How many values `*rest` takes must be known."""

from osmia import XdpAction, XdpContext, u32, xdp


@xdp
def program(ctx: XdpContext) -> XdpAction:
    a, *rest = u32(1), u32(2), u32(3)
    return XdpAction.PASS if a < 2 else XdpAction.DROP
