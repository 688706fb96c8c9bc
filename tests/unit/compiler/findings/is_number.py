"""`is` asks for None only."""

from osmia import XdpAction, XdpContext, xdp

SHORT = 64


@xdp
def program(ctx: XdpContext) -> XdpAction:
    if ctx.length is SHORT:
        return XdpAction.DROP
    return XdpAction.PASS
