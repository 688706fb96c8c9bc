"""The called function gave it back."""

from osmia import Pointer, RingBuf, XdpAction, XdpContext, struct, u32, u64, xdp

ring = RingBuf(u64, byte_size=4096)


def send(event: Pointer[u64]) -> None:
    ring.submit(event)


@xdp
def program(ctx: XdpContext) -> XdpAction:
    event = ring.reserve()
    if event is None:
        return XdpAction.PASS
    send(event)
    ring.submit(event)
    return XdpAction.PASS
