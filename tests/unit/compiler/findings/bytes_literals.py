"""Bytes literals are compared with arrays of as many bytes."""

from typing import Literal

from osmia import Array, CharArray, XdpAction, XdpContext, struct, u8, u16, u32, xdp


@struct
class Input:
    data: Array[u8, Literal[4]]
    words: Array[u16, Literal[4]]
    name: CharArray[Literal[8]]


@xdp
def program(ctx: XdpContext) -> XdpAction:
    p = ctx.packet().read(Input)
    if p is None:
        return XdpAction.PASS
    wanted = b"GET "
    if p.data == b"POST ":
        return XdpAction.DROP
    if p.data < b"GET ":
        return XdpAction.DROP
    if p.words == b"GET ":
        return XdpAction.DROP
    if p.name == b"longer than 8" or p.name == b"eth0\0":
        return XdpAction.DROP
    made = Array[u8, Literal[4]].from_bytes(b"abc")
    other = CharArray[Literal[8]].from_bytes(p.data)
    pieces = Array[u16, Literal[4]].from_bytes(b"abcdefgh")
    return XdpAction.PASS


@xdp
def membership(ctx: XdpContext) -> XdpAction:
    p = ctx.packet().read(Input)
    if p is None:
        return XdpAction.PASS
    if p.data[0] in p.data or p.data[0] in b"GET " or ctx.length in range(0, 9, 3):
        return XdpAction.DROP
    if p.data[0] in (1, 300) or ctx.length in (u16(3), 4):
        return XdpAction.DROP
    if ctx.length in "text":
        return XdpAction.DROP
    return XdpAction.PASS
