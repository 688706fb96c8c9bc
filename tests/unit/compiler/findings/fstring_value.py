"""There are no strings."""

from osmia import XdpAction, XdpContext, xdp


@xdp
def program(ctx: XdpContext) -> XdpAction:
    text = f"length {ctx.length}"
    return XdpAction.PASS
