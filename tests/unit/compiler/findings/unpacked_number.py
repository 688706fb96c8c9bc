"""Only tuples and arrays are unpacked."""

from osmia import XdpAction, XdpContext, xdp


@xdp
def program(ctx: XdpContext) -> XdpAction:
    a, b = ctx.length
    return XdpAction.PASS if a < b else XdpAction.DROP
