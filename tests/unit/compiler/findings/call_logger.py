"""Python's loggers live in user space."""

import logging

from osmia import XdpAction, XdpContext, xdp

logger = logging.getLogger(__name__)


@xdp
def program(ctx: XdpContext) -> XdpAction:
    logger("packet")
    return XdpAction.PASS
