"""A packet has no other writers."""

from osmia import Atomic, XdpAction, XdpContext, struct, u32, xdp


@struct
class Header:
    number: Atomic[u32]


@xdp
def program(ctx: XdpContext) -> XdpAction:
    packet = ctx.packet()
    header = packet.read(Header)
    if header is not None:
        header.number.add(1)
    return XdpAction.PASS
