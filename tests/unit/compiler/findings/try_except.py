"""Exceptions do not exist in the kernel."""

from osmia import XdpAction, XdpContext, xdp
from osmia.net import EthHdr


@xdp
def program(ctx: XdpContext) -> XdpAction:
    packet = ctx.packet()
    try:
        eth = packet.read(EthHdr)
    except ValueError:
        return XdpAction.DROP
    return XdpAction.PASS
