"""Structs: padding is zeroed, parts are places, methods are inlined, results are moved."""

from typing import Literal

from osmia import Array, HashMap, XdpAction, XdpContext, struct, u8, u32, u64, xdp


@struct
class Key:
    kind: u8
    digits: Array[u8, Literal[3]]
    length: u64

    @property
    def is_long(self) -> bool:
        return self.length > 100


lengths = HashMap(Key, u32, max_entries=16)


def key_of(kind: u8, length: u32) -> Key:
    return Key(kind=kind, digits=Array[u8, Literal[3]](), length=u64(length))


@xdp
def structs(ctx: XdpContext) -> XdpAction:
    key = key_of(u8(1), ctx.length)
    if key.is_long:
        key.digits[ctx.rx_queue_index % 3] = u8(9)
        key = key_of(u8(2), u32(100))
    lengths[key] += 1
    return XdpAction.PASS
