"""A list would need a heap."""

from osmia import XdpAction, XdpContext, xdp


@xdp
def program(ctx: XdpContext) -> XdpAction:
    ports = [80, 443]
    return XdpAction.PASS
