"""Patterns are not compiled."""

from osmia import XdpAction, XdpContext, xdp


@xdp
def program(ctx: XdpContext) -> XdpAction:
    match ctx.rx_queue_index:
        case 0:
            return XdpAction.DROP
    return XdpAction.PASS
