"""A map of no entries."""

from osmia import HashMap, XdpAction, XdpContext, u32, u64, xdp

counts = HashMap(u32, u64, max_entries=0)


@xdp
def program(ctx: XdpContext) -> XdpAction:
    counts[u32(1)] += 1
    return XdpAction.PASS
