"""No integer of the kernel is that wide."""

from osmia import XdpAction, XdpContext, xdp


@xdp
def program(ctx: XdpContext) -> XdpAction:
    big = 1 << 63
    bigger = 0x1_0000_0000_0000_0000
    return XdpAction.PASS
