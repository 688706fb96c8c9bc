"""print."""

from osmia import XdpAction, XdpContext, xdp


@xdp
def program(ctx: XdpContext) -> XdpAction:
    print("packet", ctx.length)
    return XdpAction.PASS
