"""Functions that are called: numbers and pointers cross, one copy for each kind of memory."""

from osmia import ArrayMap, Pointer, XdpAction, XdpContext, function, struct, u16, u32, u64, xdp

counts = ArrayMap(u64, max_entries=1)


@struct
class Pair:
    first: u32
    second: u64


pairs = ArrayMap(Pair, max_entries=1)


@function(inline=False)
def total(pair: Pair, more: u16) -> u64:
    pair.second += 1
    return u64(pair.first) + pair.second + u64(more)


@function(inline=False)
def count(place: Pointer[u64]) -> None:
    place.value += 1


@function(verified_alone=True)
def is_long(ctx: XdpContext, pair: Pair) -> bool:
    return ctx.length > pair.first


@xdp
def program(ctx: XdpContext) -> XdpAction:
    pair = Pair(first=u32(5), second=u64(6))
    number = total(pair, u16(7))
    kept = pairs.lookup(u32(0))
    if kept is not None:
        number += total(kept, u16(8))
    place = counts.lookup(u32(0))
    if place is not None:
        place.value += number
        count(place)
    return XdpAction.PASS if is_long(ctx, pair) else XdpAction.DROP
