"""A dict would need a heap."""

from osmia import XdpAction, XdpContext, xdp


@xdp
def program(ctx: XdpContext) -> XdpAction:
    seen = {1: 2}
    return XdpAction.PASS
