"""The context of a traffic control program; its packet is read again when it may have moved."""

from osmia import TcAction, TcContext, classifier
from osmia.net import EthHdr


@classifier
def classify(ctx: TcContext) -> TcAction:
    if ctx.mark == 7 or ctx.gso_segments > 1:
        return TcAction.OK
    ctx.pull_data(64)
    packet = ctx.packet()
    eth = packet.read(EthHdr)
    if eth is None or eth.ether_type != ctx.protocol:
        return TcAction.SHOT
    return TcAction.NEXT
