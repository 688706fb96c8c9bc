"""`in` asks no lists."""

from osmia import XdpAction, XdpContext, xdp


@xdp
def program(ctx: XdpContext) -> XdpAction:
    if ctx.length in [64, 128]:
        return XdpAction.DROP
    return XdpAction.PASS
