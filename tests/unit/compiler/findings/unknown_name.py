"""A misspelt name."""

from osmia import XdpAction, XdpContext, xdp


@xdp
def program(ctx: XdpContext) -> XdpAction:
    return XdpAction.PASS if lenght > 64 else XdpAction.DROP
