"""The finding stands in the function, its note at the call."""

from osmia import XdpAction, XdpContext, u32, u64, xdp


def inner(number: u32) -> u64:
    return number + u64(1)


def outer(number: u32) -> u64:
    return inner(number)


@xdp
def program(ctx: XdpContext) -> XdpAction:
    return XdpAction.DROP if outer(ctx.length) == 1 else XdpAction.PASS
