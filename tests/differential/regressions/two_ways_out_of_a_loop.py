"""Of a loop with two ways out LLVM proves that the second is taken in time, and leaves the verifier none."""

from __future__ import annotations

from osmia import ArrayMap, XdpAction, XdpContext, be64, i16, i32, i64, struct, u8, u32, u64, xdp

results = ArrayMap(u64, max_entries=4)


@struct
class Input:
    a: be64
    b: be64
    c: u64
    d: u64


def leave(a0: be64, a3: u64) -> u64:
    n = u32(0)
    while n < 5:
        n += 1
        if (i16(a3) if i64(n) != i64(a0) else i16(n)) <= i16(n):
            return u64(a0) if u8(a3) != u8(a0) else a3
    a3 ^= 127
    return u64(i32(a3) + i32(a3))


@xdp
def leaves(ctx: XdpContext) -> XdpAction:
    packet = ctx.packet()
    p = packet.read(Input)
    if p is None:
        return XdpAction.ABORTED
    results[0] = leave(p.a, p.d)
    results[1] = leave(p.b, p.c)
    return XdpAction.PASS
