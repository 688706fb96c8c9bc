"""Functions that call each other."""

from osmia import XdpAction, XdpContext, u32, xdp


def even(number: u32) -> bool:
    return True if number == 0 else odd(number - 1)


def odd(number: u32) -> bool:
    return False if number == 0 else even(number - 1)


@xdp
def program(ctx: XdpContext) -> XdpAction:
    return XdpAction.DROP if even(ctx.length) else XdpAction.PASS
