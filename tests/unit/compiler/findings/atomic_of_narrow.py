"""The width that is wrong, and the number that does not fit."""

from osmia import Atomic, Global, XdpAction, XdpContext, u16, u32, u64, xdp

ticket = Global(Atomic(u32(0)))


@xdp
def program(ctx: XdpContext) -> XdpAction:
    narrow = Atomic(u16(1))
    plain = Atomic(1)
    ticket.value.add(u64(1))
    ticket.value.subtract(1)
    return XdpAction.PASS
