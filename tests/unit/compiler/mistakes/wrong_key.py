"""A key of another type."""

from osmia import HashMap, XdpAction, XdpContext, u32, u64, xdp

counts = HashMap(u32, u64, max_entries=16)


@xdp
def program(ctx: XdpContext) -> XdpAction:
    counts[u64(1)] += 1
    return XdpAction.PASS
