"""Submitted on one way already."""

from osmia import RingBuf, XdpAction, XdpContext, struct, u32, u64, xdp

ring = RingBuf(u64, byte_size=4096)


@xdp
def program(ctx: XdpContext) -> XdpAction:
    event = ring.reserve()
    if event is None:
        return XdpAction.PASS
    if ctx.length > 100:
        ring.discard(event)
    ring.submit(event)
    return XdpAction.PASS
