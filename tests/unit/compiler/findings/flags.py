"""Flags are asked for members of their own; names are no values."""

from enum import Enum

from osmia import Flags, XdpAction, XdpContext, struct, u8, u32, xdp


class Options(u8, Flags):
    FIRST = 1
    SECOND = 2


class Color(u8, Enum):
    RED = 1


@struct
class Input:
    options: Options
    color: Color


@xdp
def program(ctx: XdpContext) -> XdpAction:
    p = ctx.packet().read(Input)
    if p is None:
        return XdpAction.PASS
    if Color.RED in p.options or 2 in p.options or Color.RED in p.color:
        return XdpAction.DROP
    name = p.color.name
    return XdpAction.PASS
