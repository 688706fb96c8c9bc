"""Functions are no values, so they cannot be made in a program."""

from osmia import XdpAction, XdpContext, u32, xdp


@xdp
def program(ctx: XdpContext) -> XdpAction:
    def helper() -> u32:
        return u32(1)

    return XdpAction.PASS if helper() == 1 else XdpAction.DROP
