"""The finding stands in the function, its note at the call."""

from osmia import XdpAction, XdpContext, u32, xdp


def half(number: u32) -> u32:
    return number / 2


@xdp
def program(ctx: XdpContext) -> XdpAction:
    return XdpAction.DROP if half(ctx.length) == 1 else XdpAction.PASS
