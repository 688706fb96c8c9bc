"""Network order and native order do not mix."""

from osmia import XdpAction, XdpContext, u16, xdp
from osmia.net import EthHdr


@xdp
def program(ctx: XdpContext) -> XdpAction:
    packet = ctx.packet()
    eth = packet.read(EthHdr)
    if eth is not None and eth.ether_type == u16(0x0800):
        return XdpAction.DROP
    return XdpAction.PASS
