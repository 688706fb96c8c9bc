"""A list."""

from osmia import XdpAction, XdpContext, xdp


@xdp
def program(ctx: XdpContext) -> XdpAction:
    seen = []
    seen.append(ctx.length)
    return XdpAction.PASS
