"""Send an event for the first packet of each IPv4 source, and only for that."""

from osmia import HashMap, RingBuf, XdpAction, XdpContext, ktime_get_ns, struct, u64, xdp
from osmia.net import EtherType, EthHdr, IPv4Address, Ipv4Hdr


@struct
class Newcomer:
    """A source that was not seen before."""

    address: IPv4Address
    time: u64
    """ns since boot"""


known = HashMap(IPv4Address, u64, max_entries=4096)
newcomers = RingBuf(Newcomer, byte_size=1 << 16)


@xdp
def watch(ctx: XdpContext) -> XdpAction:
    packet = ctx.packet()
    eth = packet.read(EthHdr)
    if eth is None or eth.ether_type != EtherType.IPV4:
        return XdpAction.PASS
    ip = packet.read(Ipv4Hdr)
    if ip is None:
        return XdpAction.PASS
    if ip.src_addr in known:
        return XdpAction.PASS
    event = newcomers.reserve()
    if event is not None:
        event.address = ip.src_addr
        event.time = ktime_get_ns()
        newcomers.submit(event)
        known[ip.src_addr] = u64(1)
    return XdpAction.PASS
