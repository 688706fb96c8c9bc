"""A function that calls itself."""

from osmia import XdpAction, XdpContext, u32, xdp


def factorial(number: u32) -> u32:
    return u32(1) if number == 0 else number * factorial(number - 1)


@xdp
def program(ctx: XdpContext) -> XdpAction:
    return XdpAction.DROP if factorial(ctx.length) == 6 else XdpAction.PASS
