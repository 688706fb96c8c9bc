"""`match` on numbers, enumerations, structs, None; guards, captures, alternatives."""

# pyright takes a literal for a pattern that no integer but `int` ever fits.
# pyright: reportUnnecessaryComparison=false, reportUnknownVariableType=false
# pyright: reportMatchNotExhaustive=false

from enum import Enum

from osmia import ArrayMap, HashMap, XdpAction, XdpContext, be16, i32, struct, u8, u16, u32, u64, xdp

results = ArrayMap(u64, max_entries=32)
found = HashMap(u32, u64, max_entries=4)
FIXED = u32(300)


class Color(u16, Enum):
    RED = 1
    GREEN = 2
    BLUE = 40_000


@struct
class Inner:
    kind: u8
    flag: bool
    color: Color


@struct
class Input:
    number: u32
    small: i32
    first: Inner
    second: Inner
    port: be16

    @property
    def doubled(self) -> u32:
        return self.number * 2


class Names:
    LIMIT = u32(7)


def named(color: Color) -> u32:
    match color:
        case Color.RED:
            return u32(10)
        case Color.GREEN:
            return u32(20)
        case _:
            return u32(color)


def stored(key: u32) -> u64:
    match found.lookup(key):
        case None:
            found[key] = u64(key)
            return u64(0)
        case value:
            value.value += 3
            return value.value


@xdp
def values(ctx: XdpContext) -> XdpAction:
    p = ctx.packet().read(Input)
    if p is None:
        return XdpAction.ABORTED
    total = u64(0)
    match p.number & 7:
        case 0:
            total = u64(5)
        case 1 | 2 | 3 as low if p.small < 0:
            total = u64(low) * 100
        case Names.LIMIT:
            total = u64(8)
        case other if other > 5:
            total = u64(other) * 1000
        case other:
            total = u64(other) + 7
    results[0] = total
    match p.small:
        case -1:
            total += 1
        case 0 | 255 | 299:
            total += 2
    results[1] = total
    results[2] = u64(named(p.first.color)) << 32 | u64(named(p.second.color))
    for i in range(5):
        match i:
            case 0:
                continue
            case 3:
                break
            case _:
                results[3] = u64(i)
    match p.first.flag:
        case True:
            results[4] = u64(1)
        case False:
            results[4] = u64(2)
    results[5] = stored(p.number & 1)
    match p.port:
        case 0x100 | 255:
            return XdpAction.DROP
    return XdpAction.PASS


@xdp
def structs(ctx: XdpContext) -> XdpAction:
    packet = ctx.packet()
    match packet.read(Input):
        case None:
            return XdpAction.ABORTED
        case Input(first=Inner(kind=0, flag=False)) as p:
            results[6] = u64(p.number)
        case Input(number=number, first=Inner(kind=(1 | 255) as kind, color=color), second=second) if (
            number > 3
        ):
            results[7] = u64(number) << 32 | u64(kind) << 16 | u64(u16(color))
            second.kind = u8(4)
        case Input(first=Inner(color=Color.RED | Color.BLUE), small=small, doubled=200 | 0):
            results[8] = u64(small)
        case Input(number=number, small=small):
            results[9] = u64(number) ^ u64(small)
    return XdpAction.PASS


@xdp
def optional(ctx: XdpContext) -> XdpAction:
    packet = ctx.packet()
    header = packet.read(Input)
    match header:
        case Input(number=0):
            return XdpAction.DROP
        case None:
            return XdpAction.ABORTED
    header.number += 1
    match again := packet.read(Inner):
        case Inner(kind=3):
            again.kind = u8(9)
        case Inner(kind=kind):
            again.kind = kind + 1
    match header:
        case Input(second=Inner() as second):
            second.kind ^= 1
    match packet.read(Inner):
        case Inner(flag=flag):
            results[10] = u64(flag)
        case None:
            return XdpAction.TX
    return XdpAction.PASS
