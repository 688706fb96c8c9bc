"""int is no type of the kernel."""

from osmia import XdpAction, XdpContext, u32, xdp


def double(number: u32) -> int:
    return int(number) * 2


@xdp
def program(ctx: XdpContext) -> XdpAction:
    return XdpAction.DROP if double(ctx.length) == 4 else XdpAction.PASS
