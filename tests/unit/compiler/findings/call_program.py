"""A program cannot call another."""

from osmia import XdpAction, XdpContext, xdp


@xdp
def other(ctx: XdpContext) -> XdpAction:
    return XdpAction.PASS


@xdp
def program(ctx: XdpContext) -> XdpAction:
    return other(ctx)
