"""A property is computed."""

from osmia import XdpAction, XdpContext, u8, xdp
from osmia.net import EthHdr, Ipv4Hdr


@xdp
def program(ctx: XdpContext) -> XdpAction:
    packet = ctx.packet()
    eth = packet.read(EthHdr)
    ip = packet.read(Ipv4Hdr)
    if ip is not None:
        ip.version = u8(4)
    return XdpAction.PASS
