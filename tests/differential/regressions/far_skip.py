"""A skip beyond all packets made the end of the packet a position, with which nothing may be calculated."""

from osmia import XdpAction, XdpContext, be16, struct, u8, u16, xdp


@struct
class Item:
    length: u8
    kind: u8
    value: be16


@xdp
def walk(ctx: XdpContext) -> XdpAction:
    packet = ctx.packet()
    seen = u8(0)
    for i in range(3):
        item = packet.read(Item)
        if item is None:
            break
        packet.skip(u16(item.value))
        item.kind = u8(i)
        seen += 1
    packet.skip(u16(0))
    last = packet.read(Item)
    if last is not None:
        last.kind += 1
    return XdpAction.PASS if seen == 2 else XdpAction.DROP
