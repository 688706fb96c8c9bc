"""A name for a struct that the loop builds anew."""

from osmia import HashMap, XdpAction, XdpContext, struct, u32, xdp


@struct
class Pair:
    first: u32
    second: u32


pairs = HashMap(u32, Pair, max_entries=16)


@xdp
def program(ctx: XdpContext) -> XdpAction:
    previous = Pair(first=u32(0), second=u32(0))
    for i in range(4):
        pair = Pair(first=u32(i), second=ctx.length)
        if i == 2:
            previous = pair
    pairs[u32(1)] = previous
    return XdpAction.PASS
