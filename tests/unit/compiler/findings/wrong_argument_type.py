"""A parameter takes its own type only."""

from osmia import XdpAction, XdpContext, u32, u64, xdp


def above(number: u32) -> bool:
    return number > 64


@xdp
def program(ctx: XdpContext) -> XdpAction:
    return XdpAction.DROP if above(u64(ctx.length)) else XdpAction.PASS
