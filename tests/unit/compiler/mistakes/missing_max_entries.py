"""A map without a size."""

from osmia import HashMap, XdpAction, XdpContext, u32, u64, xdp

counts = HashMap(u32, u64)


@xdp
def program(ctx: XdpContext) -> XdpAction:
    counts[u32(1)] += 1
    return XdpAction.PASS
