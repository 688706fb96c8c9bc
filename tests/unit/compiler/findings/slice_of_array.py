"""A slice has no known length."""

from typing import Literal

from osmia import Array, XdpAction, XdpContext, struct, u8, xdp


@struct
class Key:
    bytes: Array[u8, Literal[4]]


def key_of(ctx: XdpContext) -> Key:
    return Key(bytes=Array[u8, Literal[4]]())


@xdp
def program(ctx: XdpContext) -> XdpAction:
    key = key_of(ctx)
    return XdpAction.PASS if key.bytes[0:2] == key.bytes[2:4] else XdpAction.DROP
