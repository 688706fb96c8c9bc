"""A variable keeps its type."""

from osmia import XdpAction, XdpContext, u64, xdp


@xdp
def program(ctx: XdpContext) -> XdpAction:
    size = ctx.length
    if size > 100:
        size = u64(100)
    return XdpAction.PASS
