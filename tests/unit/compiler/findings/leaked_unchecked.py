"""Reserved and forgotten."""

from osmia import RingBuf, XdpAction, XdpContext, struct, u32, u64, xdp

ring = RingBuf(u64, byte_size=4096)


@xdp
def program(ctx: XdpContext) -> XdpAction:
    ring.reserve()
    return XdpAction.PASS
