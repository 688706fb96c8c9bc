"""LLVM subtracted the lower halves of the packet's bounds, or added to its end."""

from osmia import ArrayMap, XdpAction, XdpContext, u32, u64, xdp

results = ArrayMap(u64, max_entries=8)


@xdp
def calculate(ctx: XdpContext) -> XdpAction:
    results[0] = u64(~ctx.length)
    results[1] = u64(ctx.length + 3) & 7
    results[2] = u64(ctx.length - 64)
    results[~ctx.length & 3 | 4] += u64(u32(9) ^ ctx.length)
    return XdpAction.PASS if ctx.length > 60 else XdpAction.DROP
