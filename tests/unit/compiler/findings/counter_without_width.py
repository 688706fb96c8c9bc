"""A plain int that changes has no width."""

from osmia import XdpAction, XdpContext, xdp


@xdp
def program(ctx: XdpContext) -> XdpAction:
    count = 0
    for i in range(4):
        count = count + i
    return XdpAction.PASS
