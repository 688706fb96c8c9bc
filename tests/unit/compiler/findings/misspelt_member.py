"""A member that the enumeration does not have."""

from osmia import XdpAction, XdpContext, xdp


@xdp
def program(ctx: XdpContext) -> XdpAction:
    return XdpAction.ACCEPT
