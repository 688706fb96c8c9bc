"""What `len`, `abs`, `min`, `max`, `sum` and their kin do not take."""

from typing import Literal

from osmia import Array, HashMap, XdpAction, XdpContext, be16, struct, u8, u32, u64, xdp

counts = HashMap(u32, u64, max_entries=4)


@struct
class Input:
    bytes: Array[u8, Literal[8]]
    port: be16
    number: u32


@xdp
def program(ctx: XdpContext) -> XdpAction:
    p = ctx.packet().read(Input)
    if p is None:
        return XdpAction.PASS
    a = min(p.number, 5)
    b = max(p.number, p.bytes[0])
    c = len(counts)
    d = abs(p.port)
    e = sum(byte for byte in p.bytes if byte > 9)
    f = min(byte for byte in p.bytes if byte > 9)
    g = any((last := byte) == 3 for byte in p.bytes)
    h = (byte for byte in p.bytes)
    i = all(p.bytes, p.bytes)
    j = divmod(p.number, 3)
    k = isinstance(p.number, u32)
    m = sum(p.number)
    n = max(p, p)
    return XdpAction.PASS
