"""A map with text as key."""

from osmia import HashMap, XdpAction, XdpContext, u32, u64, xdp

counts = HashMap(str, u64, max_entries=16)


@xdp
def program(ctx: XdpContext) -> XdpAction:
    counts[u32(1)] = u64(1)
    return XdpAction.PASS
