"""Arguments are given by position."""

from osmia import XdpAction, XdpContext, u32, xdp


def above(number: u32) -> bool:
    return number > 64


@xdp
def program(ctx: XdpContext) -> XdpAction:
    return XdpAction.DROP if above(number=ctx.length) else XdpAction.PASS
