"""`zip` takes two or more."""

from osmia import XdpAction, XdpContext, xdp


@xdp
def program(ctx: XdpContext) -> XdpAction:
    for i in zip(range(4), strict=False):
        pass
    return XdpAction.PASS
