"""A frame that is too large, in a function that is not inlined."""

from typing import Literal

from osmia import Array, HashMap, XdpAction, XdpContext, function, u32, u64, xdp

kept = HashMap(u32, Array[u64, Literal[80]], max_entries=4)


@function(inline=False)
def keep(number: u32) -> None:
    values = Array[u64, Literal[80]]()
    values[3] = u64(number)
    kept[number] = values


@xdp
def program(ctx: XdpContext) -> XdpAction:
    keep(ctx.length)
    return XdpAction.PASS
