"""As many targets as values."""

from typing import Literal

from osmia import Array, XdpAction, XdpContext, u8, u32, xdp


@xdp
def program(ctx: XdpContext) -> XdpAction:
    a, b = u32(1), u32(2), u32(3)
    c, d = Array[u8, Literal[3]]()
    return XdpAction.PASS if a < b and c < d else XdpAction.DROP
