"""A program cannot wait."""

from osmia import XdpAction, XdpContext, xdp


@xdp
async def program(ctx: XdpContext) -> XdpAction:
    return XdpAction.PASS
