"""Drop outgoing TCP packets to port 23."""

from osmia import TcAction, TcContext, be16, classifier
from osmia.net import EtherType, EthHdr, IpProtocol, Ipv4Hdr, TcpHdr

TELNET = be16(23)


@classifier
def no_telnet(ctx: TcContext) -> TcAction:
    packet = ctx.packet()
    eth = packet.read(EthHdr)
    if eth is None or eth.ether_type != EtherType.IPV4:
        return TcAction.OK
    ip = packet.read(Ipv4Hdr)
    if ip is None or ip.protocol != IpProtocol.TCP:
        return TcAction.OK
    tcp = packet.read(TcpHdr)
    if tcp is not None and tcp.dst_port == TELNET:
        return TcAction.SHOT
    return TcAction.OK
