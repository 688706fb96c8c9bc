"""Two frames that are small enough, each by itself."""

from typing import Literal

from osmia import Array, HashMap, XdpAction, XdpContext, function, u32, u64, xdp

kept = HashMap(u32, Array[u64, Literal[40]], max_entries=4)


@function(inline=False)
def keep(number: u32) -> None:
    values = Array[u64, Literal[40]]()
    values[3] = u64(number)
    kept[number] = values


@xdp
def program(ctx: XdpContext) -> XdpAction:
    values = Array[u64, Literal[40]]()
    values[1] = u64(ctx.length)
    kept[u32(1)] = values
    keep(ctx.length)
    return XdpAction.PASS
