"""Both sides of a choice are of one type."""

from osmia import XdpAction, XdpContext, u64, xdp


@xdp
def program(ctx: XdpContext) -> XdpAction:
    size = u64(1) if ctx.length > 64 else ctx.length
    return XdpAction.PASS
