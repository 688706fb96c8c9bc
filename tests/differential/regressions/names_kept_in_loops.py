"""A struct that a loop builds anew was taken to be possibly None behind it; indices share a name."""

from osmia import HashMap, XdpAction, XdpContext, struct, u32, u64, xdp


@struct
class Pair:
    first: u32
    second: u64


pairs = HashMap(u32, Pair, max_entries=8)


@struct
class Input:
    number: u32
    other: u32


@xdp
def best(ctx: XdpContext) -> XdpAction:
    p = ctx.packet().read(Input)
    if p is None:
        return XdpAction.ABORTED
    best = Pair(first=u32(0), second=u64(0))
    for i in range(4):
        if u32(i) * p.number > best.first:
            best = Pair(first=u32(i) * p.number, second=u64(i))
    for i in range(2):
        pairs[u32(i)] = best
    found = pairs.lookup(p.other & 1)
    for i in range(3):
        if found is None:
            break
        found.second += 1
        found = pairs.lookup(u32(i))
    return XdpAction.PASS
