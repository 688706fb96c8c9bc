"""A struct that is made in a turn and used after the loop."""

from osmia import XdpAction, XdpContext, loop, struct, u32, xdp


@struct
class Pair:
    first: u32
    second: u32


@xdp
def program(ctx: XdpContext) -> XdpAction:
    newest = Pair(first=u32(1), second=u32(2))
    for i in loop(ctx.length):
        if u32(i) == ctx.ingress_ifindex:
            newest = Pair(first=u32(i), second=u32(3))
    return XdpAction.PASS if newest.first == 3 else XdpAction.DROP
