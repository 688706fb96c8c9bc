"""A ring buffer has no entries."""

from osmia import RingBuf, XdpAction, XdpContext, u32, u64, xdp

ring = RingBuf(u64, byte_size=4096)


@xdp
def program(ctx: XdpContext) -> XdpAction:
    ring[u32(1)] = u64(1)
    return XdpAction.PASS
