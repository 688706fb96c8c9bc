"""A function that can end without a result."""

from osmia import XdpAction, XdpContext, u32, xdp


def parity(number: u32) -> u32:
    if number & 1 == 1:
        return u32(1)


@xdp
def program(ctx: XdpContext) -> XdpAction:
    return XdpAction.DROP if parity(ctx.length) == 1 else XdpAction.PASS
