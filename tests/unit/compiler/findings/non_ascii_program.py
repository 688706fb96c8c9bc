"""A name that the kernel does not take."""

from osmia import XdpAction, XdpContext, xdp


@xdp
def zähler(ctx: XdpContext) -> XdpAction:
    return XdpAction.PASS
