"""A global variable itself, not its value."""

from osmia import Global, XdpAction, XdpContext, u32, u64, xdp

packets = Global(u64(0))


@xdp
def program(ctx: XdpContext) -> XdpAction:
    packets.value = u32(1)
    if packets.count > 3:
        return XdpAction.DROP
    packets.value += ctx.length
    return XdpAction.PASS
