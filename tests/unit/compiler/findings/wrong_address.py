"""Text that is no address."""

from osmia import XdpAction, XdpContext, xdp
from osmia.net import EthHdr, IPv4Address, Ipv4Hdr


@xdp
def program(ctx: XdpContext) -> XdpAction:
    packet = ctx.packet()
    eth = packet.read(EthHdr)
    ip = packet.read(Ipv4Hdr)
    if eth is not None and ip is not None and ip.src_addr == IPv4Address("10.0.0.300"):
        return XdpAction.DROP
    return XdpAction.PASS
