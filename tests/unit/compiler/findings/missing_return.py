"""A program that can end without a verdict."""

from osmia import XdpAction, XdpContext, xdp


@xdp
def program(ctx: XdpContext) -> XdpAction:
    if ctx.length > 64:
        return XdpAction.PASS
