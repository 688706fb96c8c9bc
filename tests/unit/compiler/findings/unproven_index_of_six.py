"""An index must be known to be in range."""

from osmia import XdpAction, XdpContext, xdp
from osmia.net import EthHdr


@xdp
def program(ctx: XdpContext) -> XdpAction:
    packet = ctx.packet()
    eth = packet.read(EthHdr)
    if eth is not None and eth.src_addr[ctx.rx_queue_index] == 0:
        return XdpAction.DROP
    return XdpAction.PASS
