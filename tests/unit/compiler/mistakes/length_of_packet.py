"""The length by len."""

from osmia import XdpAction, XdpContext, xdp


@xdp
def program(ctx: XdpContext) -> XdpAction:
    if len(ctx.packet()) > 64:
        return XdpAction.DROP
    return XdpAction.PASS
