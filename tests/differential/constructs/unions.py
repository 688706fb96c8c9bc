"""Unions: one field is written, another is read."""

from typing import Literal

from osmia import (
    Array,
    HashMap,
    XdpAction,
    XdpContext,
    be16,
    be32,
    i16,
    struct,
    u8,
    u16,
    u32,
    u64,
    union,
    xdp,
)


@union
class Number:
    wide: u64
    order: be32
    small: i16
    bytes: Array[u8, Literal[11]]


@struct
class Tagged:
    kind: u8
    number: Number
    port: be16


kept = HashMap(u32, Tagged, max_entries=4)
counts = HashMap(Number, u64, max_entries=4)


@xdp
def reinterpret(ctx: XdpContext) -> XdpAction:
    p = ctx.packet().read(Tagged)
    if p is None:
        return XdpAction.ABORTED
    number = Number()
    number.bytes[9] = u8(3)
    number.wide = p.number.wide + 1
    number.bytes[2] ^= p.kind
    made = Tagged(kind=u8(u16(number.small)), number=number, port=be16(7))
    made.number.order = p.number.order
    kept[u32(0)] = made
    counts[number] = u64(number.order) + u64(number.bytes[1])
    if number == p.number or made == p:
        return XdpAction.DROP
    match p.number:
        case Number(small=small) if small < 0:
            return XdpAction.TX
        case _:
            pass
    return XdpAction.PASS
