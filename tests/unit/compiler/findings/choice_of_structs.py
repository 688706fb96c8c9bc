"""A conditional expression gives integers."""

from osmia import XdpAction, XdpContext, xdp
from osmia.net import EthHdr


@xdp
def program(ctx: XdpContext) -> XdpAction:
    packet = ctx.packet()
    first = packet.read(EthHdr)
    second = packet.read(EthHdr)
    chosen = first if ctx.length > 64 else second
    return XdpAction.PASS
