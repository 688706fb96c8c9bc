"""A configuration constant is set at load."""

from osmia import Constant, XdpAction, XdpContext, u32, xdp

LIMIT = Constant(u32(64))


@xdp
def program(ctx: XdpContext) -> XdpAction:
    LIMIT.value = u32(5)
    return XdpAction.PASS
