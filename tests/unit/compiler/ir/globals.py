"""Global variables: zero at first or not, alone and in structs."""

from osmia import Global, XdpAction, XdpContext, struct, u16, u32, u64, xdp


@struct
class Totals:
    packets: u64
    longest: u32


packets = Global(u64(0))
narrow = Global(u16(3))
totals = Global(Totals(packets=u64(1), longest=u32(60)))


@xdp
def globals_(ctx: XdpContext) -> XdpAction:
    packets.value += 1
    narrow.value += 1
    totals.value.packets -= 1
    if ctx.length > totals.value.longest:
        totals.value = Totals(packets=packets.value, longest=ctx.length)
    return XdpAction.PASS
