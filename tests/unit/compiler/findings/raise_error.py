"""A program cannot raise."""

from osmia import XdpAction, XdpContext, xdp


@xdp
def program(ctx: XdpContext) -> XdpAction:
    if ctx.length > 1500:
        raise ValueError("too long")
    return XdpAction.PASS
