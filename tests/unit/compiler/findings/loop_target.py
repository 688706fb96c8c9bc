"""The index of a loop is one number."""

from osmia import XdpAction, XdpContext, xdp


@xdp
def program(ctx: XdpContext) -> XdpAction:
    for i, j in range(4):
        pass
    return XdpAction.PASS
