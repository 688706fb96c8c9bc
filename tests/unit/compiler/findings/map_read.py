"""An entry cannot be read as if it were always there."""

from osmia import HashMap, XdpAction, XdpContext, u32, u64, xdp

counts = HashMap(u32, u64, max_entries=16)


@xdp
def program(ctx: XdpContext) -> XdpAction:
    if counts[u32(1)] > 5:
        return XdpAction.DROP
    return XdpAction.PASS
