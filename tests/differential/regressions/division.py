"""A divisor that is a power of two became a table of constants; LLVM takes x // 0 for impossible."""

from osmia import ArrayMap, Constant, XdpAction, XdpContext, i8, i16, i32, i64, struct, u8, u16, u32, u64, xdp

results = ArrayMap(u64, max_entries=32)
LIMIT = Constant(u32(1000))


@struct
class Input:
    a: u64
    b: u64
    c: i64
    d: i64
    e: u32
    f: i32
    g: u16
    h: i16
    i: u8
    j: i8


@xdp
def divide(ctx: XdpContext) -> XdpAction:
    p = ctx.packet().read(Input)
    if p is None:
        return XdpAction.ABORTED
    for k in range(5):
        results[k] = p.a // u64(k & 2) + p.a % u64(k & 2)
    results[5] = p.a // p.b
    results[6] = p.a % p.b
    results[7] = u64(p.c // p.d)
    results[8] = u64(p.c % p.d)
    results[9] = u64(p.e // LIMIT.value)
    results[10] = u64(p.f // -7)
    results[11] = u64(p.f % i32(p.h))
    results[12] = u64(p.h // i16(p.j))
    results[13] = u64(p.g % (u16(1) << (p.g & 15)))
    results[14] = u64(p.i // (p.i & 4))
    results[15] = u64(p.j // p.j)
    results[16] = u64(p.j % i8(-1))
    results[17] = u64(-100 // p.j)
    return XdpAction.PASS if p.b == 0 else XdpAction.DROP
