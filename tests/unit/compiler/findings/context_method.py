"""A context without packets in this form."""

from osmia import XdpAction, XdpContext, xdp


@xdp
def program(ctx: XdpContext) -> XdpAction:
    return XdpAction.PASS if ctx.wire_length > 64 else XdpAction.DROP
