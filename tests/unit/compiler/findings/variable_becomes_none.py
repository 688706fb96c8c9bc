"""An integer cannot become None."""

from osmia import XdpAction, XdpContext, xdp


@xdp
def program(ctx: XdpContext) -> XdpAction:
    size = ctx.length
    if size > 100:
        size = None
    return XdpAction.PASS
