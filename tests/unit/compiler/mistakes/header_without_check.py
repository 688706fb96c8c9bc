"""A header that is used at once."""

from osmia import XdpAction, XdpContext, xdp
from osmia.net import EthHdr, EtherType


@xdp
def program(ctx: XdpContext) -> XdpAction:
    if ctx.packet().read(EthHdr).ether_type == EtherType.IPV4:
        return XdpAction.DROP
    return XdpAction.PASS
