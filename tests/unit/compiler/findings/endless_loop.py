"""A loop that nothing ends."""

from osmia import XdpAction, XdpContext, u32, xdp


@xdp
def program(ctx: XdpContext) -> XdpAction:
    count = u32(0)
    while True:
        count += 1
