"""Count UDP packets over IPv4 by their destination port."""

from osmia import HashMap, XdpAction, XdpContext, be16, u64, xdp
from osmia.net import EtherType, EthHdr, IpProtocol, Ipv4Hdr, UdpHdr

ports = HashMap(be16, u64, max_entries=65536)


@xdp
def port_counter(ctx: XdpContext) -> XdpAction:
    packet = ctx.packet()
    eth = packet.read(EthHdr)
    if eth is None or eth.ether_type != EtherType.IPV4:
        return XdpAction.PASS
    ip = packet.read(Ipv4Hdr)
    if ip is None or ip.protocol != IpProtocol.UDP:
        return XdpAction.PASS
    udp = packet.read(UdpHdr)
    if udp is not None:
        ports[udp.dst_port] += 1
    return XdpAction.PASS
