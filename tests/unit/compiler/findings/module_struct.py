"""A struct of the module lives in user space."""

from osmia import HashMap, XdpAction, XdpContext, struct, u32, xdp


@struct
class Point:
    x: u32
    y: u32


ORIGIN = Point(x=u32(0), y=u32(0))
seen = HashMap(Point, u32, max_entries=16)


@xdp
def program(ctx: XdpContext) -> XdpAction:
    if ORIGIN in seen:
        return XdpAction.DROP
    return XdpAction.PASS
