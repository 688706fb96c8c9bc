"""Calculate in the processor's order."""

from osmia import XdpAction, XdpContext, xdp
from osmia.net import EthHdr, Ipv4Hdr


@xdp
def program(ctx: XdpContext) -> XdpAction:
    packet = ctx.packet()
    eth = packet.read(EthHdr)
    ip = packet.read(Ipv4Hdr)
    if eth is None or ip is None:
        return XdpAction.PASS
    if ip.total_length - 20 > 1000:
        return XdpAction.DROP
    return XdpAction.PASS
