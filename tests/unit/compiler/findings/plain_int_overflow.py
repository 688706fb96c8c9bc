"""Plain ints are 64 bits in the kernel."""

from osmia import XdpAction, XdpContext, u64, xdp


@xdp
def program(ctx: XdpContext) -> XdpAction:
    total = u64(0)
    for i in range(0x7FFF_FFFF_FFFF_FFFF):
        if ctx.length == 1:
            break
        total += i * i
    return XdpAction.PASS
