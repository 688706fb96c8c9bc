"""Each turn reserves, and not each gives back."""

from osmia import RingBuf, XdpAction, XdpContext, struct, u32, u64, xdp

ring = RingBuf(u64, byte_size=4096)


@xdp
def program(ctx: XdpContext) -> XdpAction:
    for index in range(4):
        event = ring.reserve()
        if event is None:
            break
        if index == 2:
            continue
        event.value = u64(index)
    return XdpAction.PASS
