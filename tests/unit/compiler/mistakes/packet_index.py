"""A packet indexed like bytes."""

from osmia import XdpAction, XdpContext, xdp


@xdp
def program(ctx: XdpContext) -> XdpAction:
    first = ctx.packet()[0]
    return XdpAction.PASS
