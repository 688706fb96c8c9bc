"""Tuples and arrays: unpacked, exchanged, gone over with their index."""

from typing import Literal

from osmia import Array, XdpAction, XdpContext, u32, xdp

Words = Array[u32, Literal[3]]


@xdp
def sequences(ctx: XdpContext) -> XdpAction:
    words = Words(ctx.length, u32(7), ctx.rx_queue_index)
    first, second = words[0], words[1]
    words[0], words[1] = second, first
    for i, word in enumerate(words):
        if word == i:
            break
    else:
        return XdpAction.DROP
    return XdpAction.PASS
