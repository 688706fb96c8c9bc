from osmia import XdpAction, XdpContext, xdp
from osmia.net import EthHdr, EtherType, Ipv4Hdr


def encapsulate(ctx: XdpContext) -> bool:
    return ctx.adjust_head(-20) == 0


@xdp
def tunnel(ctx: XdpContext) -> XdpAction:
    packet = ctx.packet()
    eth = packet.read(EthHdr)
    if eth is None or not encapsulate(ctx):
        return XdpAction.PASS
    ip = packet.read(Ipv4Hdr)
    eth.ether_type = EtherType.IPV4
    return XdpAction.PASS
