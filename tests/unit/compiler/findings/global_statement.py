"""Module variables are constants."""

from osmia import XdpAction, XdpContext, xdp

packets = 0


@xdp
def program(ctx: XdpContext) -> XdpAction:
    global packets
    packets = 1
    return XdpAction.PASS
