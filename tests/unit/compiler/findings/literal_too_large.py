"""A literal that the type cannot hold."""

from osmia import XdpAction, XdpContext, xdp


@xdp
def program(ctx: XdpContext) -> XdpAction:
    if ctx.rx_queue_index == 0x1_0000_0000:
        return XdpAction.DROP
    return XdpAction.PASS
