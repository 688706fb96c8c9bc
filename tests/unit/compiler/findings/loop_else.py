"""`else` behind a loop is not compiled."""

from osmia import XdpAction, XdpContext, xdp


@xdp
def program(ctx: XdpContext) -> XdpAction:
    for i in range(4):
        if ctx.rx_queue_index == i:
            break
    else:
        return XdpAction.DROP
    return XdpAction.PASS
