"""LLVM wrote `base | index` for an element of an aligned array on the stack."""

from typing import Literal

from osmia import Array, ArrayMap, XdpAction, XdpContext, struct, u8, u16, u32, u64, xdp

Bytes = Array[u8, Literal[8]]
Six = Array[u16, Literal[6]]
results = ArrayMap(u64, max_entries=16)


@struct
class Input:
    first: u32
    second: u8
    third: u8
    fourth: u16


@xdp
def masked(ctx: XdpContext) -> XdpAction:
    p = ctx.packet().read(Input)
    if p is None:
        return XdpAction.ABORTED
    made = Bytes()
    made[p.first & 7] = p.second
    made[p.fourth & 3] += p.third
    for i in range(8):
        made[i] += u8(i)
        results[i] = u64(made[i])
    return XdpAction.PASS


@xdp
def remainder(ctx: XdpContext) -> XdpAction:
    p = ctx.packet().read(Input)
    if p is None:
        return XdpAction.ABORTED
    made = Six()
    made[p.first % 6] = p.fourth
    made[p.second >> 6] ^= 0xFF
    for i in range(5, -1, -1):
        results[i + 8] = u64(made[i])
    return XdpAction.PASS


@xdp
def known_to_llvm_only(ctx: XdpContext) -> XdpAction:
    p = ctx.packet().read(Input)
    if p is None:
        return XdpAction.ABORTED
    made = Bytes()
    for i in range(5, 0, -2):
        made[(p.first % u32(i)) & 7] += 1
    results[15] = u64(made[0]) << 16 | u64(made[1]) << 8 | u64(made[4])
    return XdpAction.PASS
