"""An endless loop."""

from osmia import XdpAction, XdpContext, xdp


@xdp
def program(ctx: XdpContext) -> XdpAction:
    while True:
        pass
