"""An index must be known to be in range."""

from typing import Literal

from osmia import Array, XdpAction, XdpContext, u32, xdp


@xdp
def program(ctx: XdpContext) -> XdpAction:
    table = Array[u32, Literal[8]]()
    return XdpAction.PASS if table[ctx.rx_queue_index] == 0 else XdpAction.DROP
