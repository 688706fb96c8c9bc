"""A message is written where it is logged."""

from osmia import XdpAction, XdpContext, log, xdp

MESSAGE = "packet"


@xdp
def program(ctx: XdpContext) -> XdpAction:
    log.info(MESSAGE)
    return XdpAction.PASS
