"""Functions are no values."""

from osmia import XdpAction, XdpContext, xdp


@xdp
def program(ctx: XdpContext) -> XdpAction:
    double = lambda number: number * 2
    return XdpAction.PASS
