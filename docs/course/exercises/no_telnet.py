"""Drop outgoing TCP packets to port 23."""

from osmia import TcAction, TcContext, be16, classifier
from osmia.net import EtherType, EthHdr, IpProtocol, Ipv4Hdr, TcpHdr

TELNET = be16(23)


@classifier
def no_telnet(ctx: TcContext) -> TcAction:
    packet = ctx.packet()
    # Your part: TcAction.SHOT drops, TcAction.OK lets go on.
    return TcAction.OK
