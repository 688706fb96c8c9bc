"""Parameters have no defaults."""

from osmia import XdpAction, XdpContext, u32, xdp


def limit(length: u32, most: u32 = u32(1500)) -> bool:
    return length < most


@xdp
def program(ctx: XdpContext) -> XdpAction:
    return XdpAction.PASS if limit(ctx.length) else XdpAction.DROP
