"""There is nothing to enter and leave."""

import threading

from osmia import XdpAction, XdpContext, xdp

lock = threading.Lock()


@xdp
def program(ctx: XdpContext) -> XdpAction:
    with lock:
        pass
    return XdpAction.PASS
