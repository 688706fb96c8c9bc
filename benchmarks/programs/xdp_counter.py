"""examples/xdp_counter.py without its log line."""

from osmia import HashMap, XdpAction, XdpContext, u64, xdp
from osmia.net import EtherType, EthHdr, IPv4Address, Ipv4Hdr

packet_count = HashMap(IPv4Address, u64, max_entries=1024)


@xdp
def xdp_counter(ctx: XdpContext) -> XdpAction:
    packet = ctx.packet()
    eth = packet.read(EthHdr)
    if eth is None or eth.ether_type != EtherType.IPV4:
        return XdpAction.PASS
    ip = packet.read(Ipv4Hdr)
    if ip is None:
        return XdpAction.PASS
    packet_count[ip.src_addr] += 1
    return XdpAction.PASS
