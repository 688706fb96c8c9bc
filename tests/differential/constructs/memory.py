"""Equality of structs and arrays, bytes literals, membership, and loops that read in their test."""

# pyright takes a literal for a pattern that no array ever fits.
# pyright: reportUnnecessaryComparison=false, reportMatchNotExhaustive=false

from typing import Literal

from osmia import (
    Array,
    ArrayMap,
    CharArray,
    HashMap,
    XdpAction,
    XdpContext,
    be16,
    struct,
    u8,
    u32,
    u64,
    xdp,
)

results = ArrayMap(u64, max_entries=32)
names = HashMap(CharArray[Literal[8]], u64, max_entries=8)
PORTS = (80, 443, 0, 255)
START = b"\xff\xff\xff\xff"


@struct
class Gaps:
    first: u8
    second: u32
    third: be16


@struct
class Nested:
    kind: u8
    gaps: Array[Gaps, Literal[2]]
    last: u64


@struct
class Item:
    kind: u8
    length: u8


@struct
class Input:
    bytes: Array[u8, Literal[4]]
    name: CharArray[Literal[8]]
    first: Gaps
    second: Gaps
    number: u32
    port: be16
    nested: Nested
    item: Item


@xdp
def equality(ctx: XdpContext) -> XdpAction:
    packet = ctx.packet()
    p = packet.read(Input)
    if p is None:
        return XdpAction.ABORTED
    bits = u32(0)
    bits |= u32(p.first == p.second)
    bits |= u32(p.nested.gaps[0] != p.first) << 1
    copy = Gaps(first=p.first.first, second=p.first.second, third=p.first.third)
    bits |= u32(copy == p.first) << 2
    copy.first += 1
    bits |= u32(copy == p.first) << 3
    bits |= u32(p.bytes == b"\0\0\0\0") << 4
    bits |= u32(p.bytes == START) << 5
    bits |= u32(p.name == b"") << 6
    bits |= u32(p.name != b"\xff\xff\xff\xff\xff\xff\xff\xff") << 7
    other = Nested(kind=p.nested.kind, gaps=p.nested.gaps, last=p.nested.last)
    bits |= u32(other == p.nested) << 8
    other.gaps[1].third = be16(p.number)
    bits |= u32(other == p.nested) << 9
    results[0] = u64(bits)
    text = CharArray[Literal[8]].from_bytes(b"eth0")
    bits = u32(text == b"eth0") | u32(text == b"eth") << 1 | u32(text != b"eth01") << 2
    text[3] = u8(p.number)
    bits |= u32(text == b"eth0") << 3 | u32(text == b"eth") << 4
    names[text] += 1
    results[1] = u64(bits)
    get = Array[u8, Literal[4]].from_bytes(b"GET ")
    match get:
        case b"PUT ":
            results[2] = u64(1)
        case b"GET ":
            results[2] = u64(2)
    get[p.number & 3] ^= 1
    results[3] = u64(get == p.bytes) + u64(get == b"GET!") * 2
    return XdpAction.PASS


@xdp
def membership(ctx: XdpContext) -> XdpAction:
    packet = ctx.packet()
    p = packet.read(Input)
    if p is None:
        return XdpAction.ABORTED
    bits = u32(0)
    if p.number in (1, 2, p.first.second) or p.port in PORTS:
        bits |= 1
    if p.bytes[0] not in {0, 255, 7}:
        bits |= 2
    if p.number in range(5, 300) and p.bytes[1] in range(200):
        bits |= 4
    bits |= u32(p.number not in range(300)) << 4
    if 0 <= p.bytes[2] < p.bytes[3] <= 255 and (limit := p.bytes[3]) > 3:
        bits |= u32(limit) << 8
    total = u64(bits)
    turns = u32(0)
    while turns < 3 and (item := packet.read(Item)) is not None:
        turns += 1
        total = total * 5 + u64(item.kind if item.length > 3 else p.bytes[0])
    results[4] = total
    found = names.lookup(p.name)
    results[5] = found.value if found is not None else u64(17)
    for i in range(4):
        if i in (1, 3):
            continue
        total += u64(p.bytes[i])
    results[6] = total
    return XdpAction.PASS
