"""A bool is no number."""

from osmia import XdpAction, XdpContext, xdp


@xdp
def program(ctx: XdpContext) -> XdpAction:
    long = ctx.length > 64
    if long + 1 == 2:
        return XdpAction.DROP
    return XdpAction.PASS
