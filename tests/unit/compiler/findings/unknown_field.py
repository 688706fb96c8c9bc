"""A field that the struct does not have."""

from osmia import HashMap, XdpAction, XdpContext, struct, u32, xdp


@struct
class Pair:
    first: u32
    second: u32


pairs = HashMap(u32, Pair, max_entries=16)


@xdp
def program(ctx: XdpContext) -> XdpAction:
    pairs[u32(1)] = Pair(first=u32(1), secnd=u32(2))
    return XdpAction.PASS
