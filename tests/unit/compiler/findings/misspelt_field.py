"""A field that the header does not have."""

from osmia import XdpAction, XdpContext, xdp
from osmia.net import EthHdr, EtherType


@xdp
def program(ctx: XdpContext) -> XdpAction:
    packet = ctx.packet()
    eth = packet.read(EthHdr)
    if eth is not None and eth.ethertype == EtherType.IPV4:
        return XdpAction.DROP
    return XdpAction.PASS
