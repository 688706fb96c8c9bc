"""A method that maps do not have."""

from osmia import HashMap, XdpAction, XdpContext, u32, u64, xdp

counts = HashMap(u32, u64, max_entries=16)


@xdp
def program(ctx: XdpContext) -> XdpAction:
    if counts.get(u32(1)) is None:
        return XdpAction.DROP
    return XdpAction.PASS
