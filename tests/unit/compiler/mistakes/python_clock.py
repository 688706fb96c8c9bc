"""The clock of Python."""

import time

from osmia import XdpAction, XdpContext, xdp


@xdp
def program(ctx: XdpContext) -> XdpAction:
    now = time.time()
    return XdpAction.PASS
