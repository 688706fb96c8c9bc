"""int is no type of the kernel."""

from osmia import XdpAction, XdpContext, xdp


@xdp
def program(ctx: XdpContext) -> XdpAction:
    size: int = 5
    return XdpAction.PASS
