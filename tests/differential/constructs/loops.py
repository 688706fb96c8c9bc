"""Loops over arrays, `enumerate`, `zip`, ranges of all kinds, and `else` behind them."""

from typing import Literal

from osmia import Array, ArrayMap, XdpAction, XdpContext, i8, i32, struct, u8, u16, u32, u64, xdp

results = ArrayMap(u64, max_entries=32)


@struct
class Pair:
    key: u16
    value: u8


@struct
class Input:
    wide: u64
    number: u32
    small: i32
    bytes: Array[u8, Literal[8]]
    words: Array[u32, Literal[3]]
    pairs: Array[Pair, Literal[4]]
    flag: bool


@xdp
def over_arrays(ctx: XdpContext) -> XdpAction:
    packet = ctx.packet()
    p = packet.read(Input)
    if p is None:
        return XdpAction.ABORTED
    total = u64(0)
    for byte in p.bytes:
        if byte == 255:
            continue
        total += u64(byte)
        byte += 1
        total ^= u64(byte) << 9
    results[0] = total
    own = Array[u32, Literal[3]](p.number, u32(3), p.number * 5)
    for first, second in zip(own, p.words, strict=True):
        total += u64(first ^ second)
    results[1] = total
    for i, (mine, theirs) in enumerate(zip(own, p.words, strict=True), 2):
        own[i - 2] = mine + theirs * u32(i)
    results[2] = u64(own[0]) ^ u64(own[1]) << 11 ^ u64(own[2]) << 23
    for pair in p.pairs:
        pair.value += u8(pair.key)
        if pair.key == 0:
            break
    else:
        results[3] = u64(77)
    for i, pair in enumerate(p.pairs):
        pair.key ^= u16(i)
    return XdpAction.PASS


@xdp
def over_ranges(ctx: XdpContext) -> XdpAction:
    packet = ctx.packet()
    p = packet.read(Input)
    if p is None:
        return XdpAction.ABORTED
    total = u64(1)
    for i in range(7, -3, -2):
        total = total * 31 + u64(i)
    results[4] = total
    for i, j in enumerate(range(9, 0, -4), start=5):
        total = total * 31 + u64(i * 10 + j)
    results[5] = total
    few = p.number & 7
    for i in range(p.number & 7):
        total += u64(p.bytes[i])
    results[6] = total
    for i, byte in zip(range(few), p.bytes, strict=False):
        total = total * 3 + u64(byte) * u64(i)
    results[7] = total
    for i, j in zip(range(2, 2 + (p.wide & 3)), range(10, 40, 10), strict=False):
        total = total * 3 + u64(i * 100 + j)
    results[8] = total
    for k in range(i8(p.small & 7) - 4, 3):
        total = total * 3 + u64(k)
    results[9] = total
    turns = u32(0)
    while turns < few:
        turns += 1
        if u64(turns) * 3 > p.wide:
            break
    else:
        results[10] = total
    for i in range(0):
        turns += u32(i)
        if turns == 9:
            break
    else:
        turns += 1000
    results[11] = u64(turns)
    return XdpAction.PASS


@xdp
def unpacking(ctx: XdpContext) -> XdpAction:
    packet = ctx.packet()
    p = packet.read(Input)
    if p is None:
        return XdpAction.ABORTED
    a, b = p.number, u32(p.small)
    a, b = b, a
    results[12] = u64(a) << 32 | u64(b)
    (a, b), c = (a + b, a - b), p.wide
    results[13] = u64(a) ^ u64(b) << 20 ^ c
    x, y, z = p.words
    p.words[0], p.words[1], p.words[2] = z, x, y
    x = y = z
    results[14] = u64(x) ^ u64(y)
    first, second = p.pairs[0], p.pairs[1]
    first.key, second.key = second.key, first.key
    p.pairs[0], p.pairs[1] = p.pairs[1], p.pairs[0]
    i = a & 7
    i, p.bytes[i & 7] = u32(2), u8(9)
    for _ in range(6):
        a, b = b, a + b
    results[15] = u64(a) ^ u64(i)
    return XdpAction.PASS
