"""Python rounds down where the kernel rounds towards zero."""

from osmia import XdpAction, XdpContext, xdp


@xdp
def program(ctx: XdpContext) -> XdpAction:
    for i in range(-4, 4):
        if i // 2 == 0 and ctx.length == 60:
            return XdpAction.DROP
    return XdpAction.PASS
