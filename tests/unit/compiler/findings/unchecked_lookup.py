"""A key may be absent."""

from osmia import HashMap, XdpAction, XdpContext, u32, u64, xdp

counts = HashMap(u32, u64, max_entries=16)


@xdp
def program(ctx: XdpContext) -> XdpAction:
    count = counts.lookup(u32(1))
    count.value += 1
    return XdpAction.PASS
