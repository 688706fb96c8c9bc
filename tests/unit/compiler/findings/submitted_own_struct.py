"""Not reserved, but built."""

from osmia import RingBuf, XdpAction, XdpContext, struct, u32, u64, xdp


@struct
class Event:
    number: u64


ring = RingBuf(Event, byte_size=4096)
other = RingBuf(Event, byte_size=4096)


@xdp
def program(ctx: XdpContext) -> XdpAction:
    ring.submit(Event(number=u64(1)))
    return XdpAction.PASS
