"""`strict` would raise where the lengths differ."""

from typing import Literal

from osmia import Array, XdpAction, XdpContext, u8, xdp


@xdp
def program(ctx: XdpContext) -> XdpAction:
    first, second = Array[u8, Literal[4]](), Array[u8, Literal[5]]()
    for a, b in zip(first, second, strict=True):
        if a != b:
            return XdpAction.DROP
    return XdpAction.PASS
