"""Count ARP requests and replies. This is refused three times over: mend it.

`osmia build mend.py` says where.
"""

from osmia import ArrayMap, HashMap, XdpAction, XdpContext, u32, u64, xdp
from osmia.net import EtherType, EthHdr

REST = u32(0)

arps = HashMap(u32, u64, max_entries=16)
"""By receive queue."""
rest = ArrayMap(u64, max_entries=1)
"""Bytes of all other frames."""


@xdp
def mend(ctx: XdpContext) -> XdpAction:
    eth = ctx.packet().read(EthHdr)
    if eth.ether_type == EtherType.ARP:
        count = arps.lookup(ctx.rx_queue_index)
        count.value += 1
    else:
        rest[REST] += ctx.length * 1.0
    return XdpAction.PASS
