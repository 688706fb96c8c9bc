"""The entries of an array are always there."""

from osmia import ArrayMap, XdpAction, XdpContext, u32, u64, xdp

table = ArrayMap(u64, max_entries=4)


@xdp
def program(ctx: XdpContext) -> XdpAction:
    del table[u32(1)]
    return XdpAction.PASS
