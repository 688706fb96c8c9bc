"""Loops over tuples whose values are not of one type."""

from osmia import XdpAction, XdpContext, u16, u32, xdp

UNEVEN = ((1, 2), (3,))
PAIRS = ((u32(1), 2), (u16(3), 4))


@xdp
def program(ctx: XdpContext) -> XdpAction:
    for number in (u32(1), u16(2)):
        pass
    for number in (ctx.length, 7):
        pass
    for pair in UNEVEN:
        pass
    for wide, count in PAIRS:
        pass
    for nothing in ():
        pass
    for each in (ctx, ctx):
        pass
    return XdpAction.PASS
