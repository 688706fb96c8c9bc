"""A function of its own keeps what it reserved."""

from osmia import RingBuf, XdpAction, XdpContext, function, u64, xdp

ring = RingBuf(u64, byte_size=4096)


@function(inline=False)
def send(number: u64) -> bool:
    event = ring.reserve()
    if event is None:
        return False
    event.value = number
    return True


@xdp
def program(ctx: XdpContext) -> XdpAction:
    return XdpAction.PASS if send(u64(1)) else XdpAction.DROP
