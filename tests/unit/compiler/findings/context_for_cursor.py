"""A context is no cursor."""

from osmia import Packet, XdpAction, XdpContext, xdp
from osmia.net import EthHdr, EtherType


def is_ipv4(packet: Packet) -> bool:
    eth = packet.read(EthHdr)
    return eth is not None and eth.ether_type == EtherType.IPV4


@xdp
def program(ctx: XdpContext) -> XdpAction:
    return XdpAction.DROP if is_ipv4(ctx) else XdpAction.PASS
