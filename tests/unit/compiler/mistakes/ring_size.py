"""A ring buffer of 1000 bytes."""

from osmia import RingBuf, XdpAction, XdpContext, u64, xdp

ring = RingBuf(u64, byte_size=1000)


@xdp
def program(ctx: XdpContext) -> XdpAction:
    ring.output(u64(1))
    return XdpAction.PASS
