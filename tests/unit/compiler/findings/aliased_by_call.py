"""A function that gives back the struct that it was given."""

from osmia import HashMap, XdpAction, XdpContext, struct, u32, xdp


@struct
class Pair:
    first: u32
    second: u32


pairs = HashMap(u32, Pair, max_entries=16)


def same(pair: Pair) -> Pair:
    return pair


@xdp
def program(ctx: XdpContext) -> XdpAction:
    pair = Pair(first=u32(1), second=u32(1))
    kept = same(pair)
    pair = Pair(first=u32(2), second=u32(2))
    pairs[u32(1)] = kept
    return XdpAction.PASS if pair.first == 2 else XdpAction.DROP
