"""Of which class, where a buffer has several."""

from osmia import RingBuf, XdpAction, XdpContext, struct, u32, u64, xdp


@struct
class Opened:
    port: u32


@struct
class Closed:
    bytes: u64


@struct
class Other:
    number: u64


ring = RingBuf(Opened, Closed, byte_size=4096)


@xdp
def program(ctx: XdpContext) -> XdpAction:
    ring.reserve()
    ring.reserve(Other)
    ring.output(Other(number=u64(1)))
    return XdpAction.PASS
