"""Widths, signs, wrapping conversions, shifts and division."""

from osmia import XdpAction, XdpContext, i16, i64, u8, u32, u64, xdp


@xdp
def arithmetic(ctx: XdpContext) -> XdpAction:
    small = u8(ctx.length) << 3
    signed = i64(i16(ctx.rx_queue_index)) // -7
    total = u64(small) + 5
    total %= u64(ctx.ingress_ifindex)
    if total >= 100 or signed < 0:
        return XdpAction.DROP
    return XdpAction.PASS if u32(total) != 3 else XdpAction.TX
