"""Drop what comes from blocked networks: a value of 1 blocks, 0 allows; the longest prefix decides."""

from osmia import LpmTrie, XdpAction, XdpContext, u32, xdp
from osmia.net import EtherType, EthHdr, IPv4Address, Ipv4Hdr

rules = LpmTrie(IPv4Address, u32, max_entries=1024)


@xdp
def networks(ctx: XdpContext) -> XdpAction:
    packet = ctx.packet()
    eth = packet.read(EthHdr)
    if eth is None or eth.ether_type != EtherType.IPV4:
        return XdpAction.PASS
    ip = packet.read(Ipv4Hdr)
    if ip is None:
        return XdpAction.PASS
    # Your part: rules.lookup(address) gives the rule of the longest prefix, or None.
    return XdpAction.PASS
