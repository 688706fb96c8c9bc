"""The test must hold where the value is used."""

from osmia import XdpAction, XdpContext, xdp
from osmia.net import EthHdr, Ipv4Hdr


@xdp
def program(ctx: XdpContext) -> XdpAction:
    packet = ctx.packet()
    eth = packet.read(EthHdr)
    ip = packet.read(Ipv4Hdr)
    if eth is not None or ip is not None:
        return XdpAction.DROP if ip.ttl == 1 else XdpAction.PASS
    return XdpAction.PASS
