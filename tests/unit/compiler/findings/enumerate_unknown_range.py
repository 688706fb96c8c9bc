"""`enumerate` must know how often a range turns."""

from osmia import XdpAction, XdpContext, u8, u32, xdp


@xdp
def program(ctx: XdpContext) -> XdpAction:
    total = u32(0)
    for i, number in enumerate(range(0, u8(ctx.rx_queue_index), 2)):
        total += u32(i * number)
    for i, number in enumerate(range(4), total):
        total += u32(i * number)
    for i, number in enumerate():
        total += u32(i * number)
    return XdpAction.PASS if total > 3 else XdpAction.DROP
