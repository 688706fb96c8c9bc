"""A union is made zeroed."""

from osmia import XdpAction, XdpContext, be32, u32, union, xdp


@union
class Number:
    number: u32
    order: be32


@xdp
def program(ctx: XdpContext) -> XdpAction:
    number = Number(number=u32(3))
    return XdpAction.PASS if number.order == 3 else XdpAction.DROP
