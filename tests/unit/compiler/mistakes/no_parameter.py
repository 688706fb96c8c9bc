"""A program without its context."""

from osmia import XdpAction, xdp


@xdp
def program() -> XdpAction:
    return XdpAction.PASS
