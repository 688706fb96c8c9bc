"""A cursor is no value that a name can change to."""

from osmia import XdpAction, XdpContext, xdp


@xdp
def program(ctx: XdpContext) -> XdpAction:
    packet = ctx.packet()
    if ctx.length > 64:
        packet = ctx.packet()
    return XdpAction.PASS
