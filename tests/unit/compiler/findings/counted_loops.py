"""What the kernel cannot count."""

from osmia import XdpAction, XdpContext, i32, loop, u32, xdp


@xdp
def program(ctx: XdpContext) -> XdpAction:
    total = u32(0)
    for i in loop(i32(ctx.length)):
        total += 1
    for i in loop(1, 2):
        total += 1
    for i, j in enumerate(loop(3)):
        total += u32(i) + u32(j)
    loop(3)
    return XdpAction.PASS if total == 3 else XdpAction.DROP
