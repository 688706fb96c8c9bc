"""Remember when a source was last seen, in ns since boot; whoever was not seen for longest is forgotten."""

from osmia import HashMap, LruHashMap, XdpAction, XdpContext, ktime_get_ns, u64, xdp
from osmia.net import EtherType, EthHdr, IPv4Address, Ipv4Hdr

# Your part: another kind of map, and what is written into it.
last_seen = HashMap(IPv4Address, u64, max_entries=256)


@xdp
def remember(ctx: XdpContext) -> XdpAction:
    return XdpAction.PASS
