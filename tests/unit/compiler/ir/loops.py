"""A counted loop and one that is left early; `continue` and `break`."""

from osmia import XdpAction, XdpContext, u32, xdp


@xdp
def loops(ctx: XdpContext) -> XdpAction:
    total = u32(0)
    for i in range(1, 10, 3):
        if total == 4:
            continue
        total += i
    while total < ctx.length:
        total += total
        if total == 64:
            break
    return XdpAction.PASS if total > 5 else XdpAction.DROP
