"""Remember when a source was last seen, in ns since boot; whoever was not seen for longest is forgotten."""

from osmia import HashMap, LruHashMap, XdpAction, XdpContext, ktime_get_ns, u64, xdp
from osmia.net import EtherType, EthHdr, IPv4Address, Ipv4Hdr

last_seen = LruHashMap(IPv4Address, u64, max_entries=256)


@xdp
def remember(ctx: XdpContext) -> XdpAction:
    packet = ctx.packet()
    eth = packet.read(EthHdr)
    if eth is None or eth.ether_type != EtherType.IPV4:
        return XdpAction.PASS
    ip = packet.read(Ipv4Hdr)
    if ip is not None:
        last_seen[ip.src_addr] = ktime_get_ns()
    return XdpAction.PASS
