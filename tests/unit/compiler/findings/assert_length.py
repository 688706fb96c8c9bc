"""A program cannot raise, so it cannot assert."""

from osmia import XdpAction, XdpContext, xdp


@xdp
def program(ctx: XdpContext) -> XdpAction:
    assert ctx.length > 14
    return XdpAction.PASS
