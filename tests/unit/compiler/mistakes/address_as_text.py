"""An address compared with text."""

from osmia import XdpAction, XdpContext, xdp
from osmia.net import Ipv4Hdr


@xdp
def program(ctx: XdpContext) -> XdpAction:
    ip = ctx.packet().read(Ipv4Hdr)
    if ip is not None and ip.src_addr == "10.0.0.1":
        return XdpAction.DROP
    return XdpAction.PASS
