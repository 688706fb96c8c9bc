"""The compiler does not guess types."""

from osmia import XdpAction, XdpContext, u32, xdp


def above(number: u32):
    return number > 64


@xdp
def program(ctx: XdpContext) -> XdpAction:
    return XdpAction.DROP if above(ctx.length) else XdpAction.PASS
