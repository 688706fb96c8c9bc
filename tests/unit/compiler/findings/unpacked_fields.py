"""Fields are given one by one."""

from osmia import XdpAction, XdpContext, struct, u32, xdp


@struct
class Pair:
    first: u32
    second: u32


FIELDS = {"first": u32(1), "second": u32(2)}


@xdp
def program(ctx: XdpContext) -> XdpAction:
    pair = Pair(**FIELDS)
    return XdpAction.PASS
