"""The array of a loop stays the same one."""

from typing import Literal

from osmia import Array, XdpAction, XdpContext, u8, xdp

Bytes = Array[u8, Literal[4]]


@xdp
def program(ctx: XdpContext) -> XdpAction:
    data = Bytes()
    for byte in data:
        data = Bytes()
        data[0] = byte
    return XdpAction.PASS
