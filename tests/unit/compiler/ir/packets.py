"""Headers are bounds of the packet; byte order is part of the type."""

from osmia import Packet, XdpAction, XdpContext, u16, xdp
from osmia.net import EtherType, EthHdr, IpProtocol, Ipv4Hdr, UdpHdr


def is_ipv4(packet: Packet) -> bool:
    eth = packet.read(EthHdr)
    return eth is not None and eth.ether_type == EtherType.IPV4


@xdp
def packets(ctx: XdpContext) -> XdpAction:
    packet = ctx.packet()
    if not is_ipv4(packet):
        return XdpAction.PASS
    ip = packet.read(Ipv4Hdr)
    if ip is None or ip.protocol != IpProtocol.UDP:
        return XdpAction.PASS
    packet.skip(ip.header_length - 20)
    udp = packet.read(UdpHdr)
    if udp is not None and udp.dst_port == 53 and u16(udp.length) > 512:
        return XdpAction.DROP
    return XdpAction.PASS
