"""A comprehension would need a heap."""

from osmia import XdpAction, XdpContext, xdp


@xdp
def program(ctx: XdpContext) -> XdpAction:
    total = sum([number for number in range(4)])
    return XdpAction.PASS
