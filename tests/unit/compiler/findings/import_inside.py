"""Modules are imported at the top."""

from osmia import XdpAction, XdpContext, xdp


@xdp
def program(ctx: XdpContext) -> XdpAction:
    import time

    return XdpAction.PASS
