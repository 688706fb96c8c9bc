"""`min max abs len sum any all`, of numbers, arrays and generator expressions."""

from typing import Literal

from osmia import Array, ArrayMap, XdpAction, XdpContext, be16, i8, i32, i64, struct, u8, u16, u32, u64, xdp

results = ArrayMap(u64, max_entries=32)

FEW = Array[i8, Literal[5]]


@struct
class Pair:
    key: be16
    value: u8


@struct
class Input:
    wide: i64
    number: u32
    small: i32
    bytes: Array[u8, Literal[8]]
    signs: FEW
    ports: Array[be16, Literal[3]]
    pairs: Array[Pair, Literal[4]]
    flags: Array[bool, Literal[4]]


@xdp
def numbers(ctx: XdpContext) -> XdpAction:
    p = ctx.packet().read(Input)
    if p is None:
        return XdpAction.ABORTED
    results[0] = u64(min(p.number, u32(p.small), u32(77)))
    results[1] = u64(max(p.small, i32(p.wide), i32(-5)))
    results[2] = u64(abs(p.wide))
    results[3] = u64(abs(p.small)) ^ u64(abs(i8(p.wide))) << 40
    results[4] = u64(p.bytes[min(p.number, u32(7))])
    results[5] = u64(max(p.ports[0], p.ports[1])) ^ u64(abs(p.number)) << 20
    total = u64(0)
    for i in range(min(len(p.bytes), 9, 6)):
        total = total * 5 + u64(p.bytes[i]) + u64(abs(i - 3)) + u64(max(i, 2))
    results[6] = total
    results[7] = u64(max(len(p.signs), 2))
    return XdpAction.PASS


@xdp
def items(ctx: XdpContext) -> XdpAction:
    p = ctx.packet().read(Input)
    if p is None:
        return XdpAction.ABORTED
    results[8] = u64(min(p.bytes)) ^ u64(max(p.bytes)) << 8
    results[9] = u64(min(p.signs)) ^ u64(max(p.signs)) << 32
    results[10] = u64(sum(p.bytes)) ^ u64(sum(u32(byte) for byte in p.bytes)) << 8
    results[11] = sum((u64(byte) << u64(i) for i, byte in enumerate(p.bytes) if byte & 1 == 1), u64(3))
    results[12] = u64(sum(byte > 40 for byte in p.bytes)) ^ u64(sum(i * 3 for i in range(9))) << 8
    results[13] = u64(sum((u16(port) for port in p.ports if port != 7), u16(p.number)))
    results[14] = u64(any(byte == 255 for byte in p.bytes))
    results[15] = u64(all(pair.key != 0 for pair in p.pairs))
    results[16] = u64(any(p.flags)) | u64(all(p.flags)) << 1 | u64(any(p.bytes)) << 2
    results[17] = u64(any(a == b for a in p.bytes for b in p.bytes if b > 3 if a != 255))
    byte = u16(9)
    if any(byte == 0 for byte in p.bytes) and not all(
        x < u8(y) for x, y in zip(p.bytes, p.signs, strict=False)
    ):
        byte += 1
    results[18] = u64(byte)
    results[19] = u64(max(pair.value for pair in p.pairs))
    return XdpAction.PASS if any(pair.value > 200 for pair in p.pairs) else XdpAction.DROP
