"""A map read with get."""

from osmia import HashMap, XdpAction, XdpContext, u32, u64, xdp

counts = HashMap(u32, u64, max_entries=16)


@xdp
def program(ctx: XdpContext) -> XdpAction:
    count = counts.get(u32(1), 0)
    return XdpAction.PASS
