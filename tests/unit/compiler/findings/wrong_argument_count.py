"""Too few arguments."""

from osmia import XdpAction, XdpContext, u32, xdp


def between(number: u32, low: u32, high: u32) -> bool:
    return low <= number < high


@xdp
def program(ctx: XdpContext) -> XdpAction:
    return XdpAction.DROP if between(ctx.length, u32(64)) else XdpAction.PASS
