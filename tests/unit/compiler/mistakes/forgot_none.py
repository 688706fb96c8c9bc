"""A look-up that is used at once."""

from osmia import HashMap, XdpAction, XdpContext, u32, u64, xdp

counts = HashMap(u32, u64, max_entries=16)


@xdp
def program(ctx: XdpContext) -> XdpAction:
    counts.lookup(u32(1)).value += 1
    return XdpAction.PASS
