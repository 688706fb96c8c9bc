"""A flag of another call."""

from osmia import RingBuf, XdpAction, XdpContext, struct, u32, u64, xdp


@struct
class Event:
    number: u64


ring = RingBuf(Event, byte_size=4096)
other = RingBuf(Event, byte_size=4096)


@xdp
def program(ctx: XdpContext) -> XdpAction:
    ring.output(Event(number=u64(1)), 4)
    return XdpAction.PASS
