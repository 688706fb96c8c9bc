"""A header may be missing."""

from osmia import XdpAction, XdpContext, xdp
from osmia.net import EthHdr, EtherType


@xdp
def program(ctx: XdpContext) -> XdpAction:
    packet = ctx.packet()
    eth = packet.read(EthHdr)
    if eth.ether_type == EtherType.IPV4:
        return XdpAction.DROP
    return XdpAction.PASS
