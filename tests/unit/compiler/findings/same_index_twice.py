"""An inner loop with the index of the outer one."""

from osmia import XdpAction, XdpContext, xdp


@xdp
def program(ctx: XdpContext) -> XdpAction:
    for i in range(4):
        for i in range(4):
            pass
    return XdpAction.PASS
