"""All findings of a function come at once."""

from osmia import HashMap, XdpAction, XdpContext, u32, u64, xdp
from osmia.net import EthHdr

counts = HashMap(u32, u64, max_entries=16)


@xdp
def program(ctx: XdpContext) -> XdpAction:
    packet = ctx.packet()
    eth = packet.read(EthHdr)
    count = counts[u32(1)]
    if eth.ether_type == 0x1_0000:
        return 1
    total = ctx.length + u64(1)
    return XdpAction.PASS
