"""A value has the type of the map's values."""

from osmia import HashMap, XdpAction, XdpContext, u32, u64, xdp

counts = HashMap(u32, u64, max_entries=16)


@xdp
def program(ctx: XdpContext) -> XdpAction:
    counts[u32(1)] = ctx.length
    return XdpAction.PASS
