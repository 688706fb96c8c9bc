"""A loop sets names."""

from osmia import XdpAction, XdpContext, struct, u32, xdp


@struct
class Counter:
    value: u32


@xdp
def program(ctx: XdpContext) -> XdpAction:
    counter = Counter(value=u32(0))
    for counter.value in range(4):
        pass
    return XdpAction.PASS
