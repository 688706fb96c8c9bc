"""Only ranges are looped over."""

from osmia import XdpAction, XdpContext, u32, xdp

PORTS = (80, 443)


@xdp
def program(ctx: XdpContext) -> XdpAction:
    total = u32(0)
    for port in PORTS:
        total += port
    return XdpAction.PASS
