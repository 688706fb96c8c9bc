"""`is` asks for None only."""

from osmia import XdpAction, XdpContext, xdp


@xdp
def program(ctx: XdpContext) -> XdpAction:
    if ctx.length is 64:
        return XdpAction.DROP
    return XdpAction.PASS
