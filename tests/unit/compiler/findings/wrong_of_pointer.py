"""The number behind a pointer is `.value`."""

from osmia import HashMap, XdpAction, XdpContext, u32, u64, xdp

counts = HashMap(u32, u64, max_entries=16)


@xdp
def program(ctx: XdpContext) -> XdpAction:
    count = counts.lookup(u32(1))
    if count is not None and count > 5:
        return XdpAction.DROP
    return XdpAction.PASS
