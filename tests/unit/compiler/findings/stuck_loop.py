"""A test that no turn changes."""

from osmia import XdpAction, XdpContext, u32, xdp


@xdp
def program(ctx: XdpContext) -> XdpAction:
    count = u32(0)
    total = u32(0)
    while count < 4:
        total += 1
    return XdpAction.PASS
