"""A variable that is set in one branch only."""

from osmia import XdpAction, XdpContext, xdp


@xdp
def program(ctx: XdpContext) -> XdpAction:
    if ctx.length > 64:
        verdict = XdpAction.PASS
    return verdict
