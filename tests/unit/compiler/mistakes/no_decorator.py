"""A file whose function is not decorated."""

from osmia import XdpAction, XdpContext


def program(ctx: XdpContext) -> XdpAction:
    return XdpAction.PASS
