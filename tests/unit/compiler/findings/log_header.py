"""A header has no text."""

from osmia import XdpAction, XdpContext, log, xdp
from osmia.net import EthHdr


@xdp
def program(ctx: XdpContext) -> XdpAction:
    packet = ctx.packet()
    eth = packet.read(EthHdr)
    if eth is not None:
        log.info(f"header {eth}")
    return XdpAction.PASS
