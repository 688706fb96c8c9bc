"""A loop may not run at all."""

from osmia import XdpAction, XdpContext, xdp


@xdp
def program(ctx: XdpContext) -> XdpAction:
    for i in range(4):
        last = ctx.length + i
    return XdpAction.PASS if last > 64 else XdpAction.DROP
