"""Widths do not mix."""

from osmia import XdpAction, XdpContext, u64, xdp


@xdp
def program(ctx: XdpContext) -> XdpAction:
    total = u64(0)
    total = total + ctx.length
    return XdpAction.PASS
