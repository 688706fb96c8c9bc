"""A variable added to the address of a packet makes the verifier forget its length."""

from typing import Literal

from osmia import Array, XdpAction, XdpContext, i32, struct, u8, u32, xdp

Words = Array[i32, Literal[4]]


@struct
class Input:
    index: u32
    value: i32
    words: Words
    bytes: Array[u8, Literal[6]]


@xdp
def change(ctx: XdpContext) -> XdpAction:
    p = ctx.packet().read(Input)
    if p is None:
        return XdpAction.ABORTED
    words = p.words
    words[p.index & 3] = p.value
    words[p.value & 1] += words[p.index % 4]
    p.bytes[p.index % 6] ^= 3
    for i in range(4):
        words[i] -= 1
    return XdpAction.PASS if words[p.index & 3] > 5 else XdpAction.DROP
