"""A verdict of another program type."""

from osmia import TcAction, XdpAction, XdpContext, xdp


@xdp
def program(ctx: XdpContext) -> XdpAction:
    return TcAction.OK
