"""A counter with global."""

from osmia import XdpAction, XdpContext, xdp

packets = 0


@xdp
def program(ctx: XdpContext) -> XdpAction:
    global packets
    packets += 1
    return XdpAction.PASS
