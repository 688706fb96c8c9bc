"""The context of another type of program."""

from osmia import TcContext, XdpAction, xdp


@xdp
def program(ctx: TcContext) -> XdpAction:
    return XdpAction.PASS
