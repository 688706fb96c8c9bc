"""A parameter with a width takes no bare literal."""

from osmia import XdpAction, XdpContext, u16, xdp


def is_port(port: u16) -> bool:
    return port == 80


@xdp
def program(ctx: XdpContext) -> XdpAction:
    return XdpAction.DROP if is_port(80) else XdpAction.PASS
