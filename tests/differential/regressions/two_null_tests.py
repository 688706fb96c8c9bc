"""LLVM made `first | second` of two tests of pointers."""

from osmia import ArrayMap, HashMap, XdpAction, XdpContext, struct, u32, u64, xdp

first = HashMap(u32, u64, max_entries=8)
second = HashMap(u32, u64, max_entries=8)
results = ArrayMap(u64, max_entries=8)


@struct
class Input:
    one: u32
    two: u32


@xdp
def ask(ctx: XdpContext) -> XdpAction:
    p = ctx.packet().read(Input)
    if p is None:
        return XdpAction.ABORTED
    there = (p.one & 3) in first
    also = (p.two & 3) in second
    one = first.lookup(p.two & 3)
    two = second.lookup(p.one & 3)
    first[p.one & 3] += 1
    second[p.two & 3] += 1
    results[0] = u64(there or also)
    results[1] = u64(there and not also)
    if one is not None or two is not None:
        results[2] += 1
    if one is None and two is None:
        results[3] += 1
    results[4] = u64((p.one & 3) in first or (p.two & 3) in second)
    results[5] = u64(u32(1) if there else u32(0)) | u64(u32(1) if also else u32(0))
    return XdpAction.PASS
