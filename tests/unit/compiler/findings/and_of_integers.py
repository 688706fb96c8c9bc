"""`and` of integers gives one of them."""

from osmia import XdpAction, XdpContext, xdp


@xdp
def program(ctx: XdpContext) -> XdpAction:
    both = ctx.length and ctx.rx_queue_index
    return XdpAction.PASS
