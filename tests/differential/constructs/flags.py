"""Enumerations of bits."""

from osmia import ArrayMap, Flags, XdpAction, XdpContext, struct, u8, u16, u64, xdp
from osmia.net import TcpFlags

results = ArrayMap(u64, max_entries=8)


class Options(u16, Flags):
    FIRST = 1
    SECOND = 2
    BOTH = 3
    HIGH = 0x8000


@struct
class Input:
    options: Options
    tcp: TcpFlags
    other: u8


@xdp
def flags(ctx: XdpContext) -> XdpAction:
    p = ctx.packet().read(Input)
    if p is None:
        return XdpAction.ABORTED
    bits = u64(Options.FIRST in p.options) | u64(Options.BOTH in p.options) << 1
    bits |= u64(Options.HIGH not in p.options) << 2
    if TcpFlags.SYN in p.tcp and TcpFlags.ACK not in p.tcp:
        bits |= 8
    wanted = Options.FIRST | Options.HIGH
    if wanted in p.options:
        bits |= 16
    p.options = ~p.options & Options(p.other) ^ Options.SECOND
    results[0] = bits
    match p.options & Options.BOTH:
        case Options.FIRST | Options.SECOND:
            return XdpAction.DROP
        case Options.BOTH:
            return XdpAction.TX
        case _:
            pass
    return XdpAction.PASS
