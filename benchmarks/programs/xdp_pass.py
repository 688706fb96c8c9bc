"""examples/xdp_pass.py without its log line."""

from osmia import XdpAction, XdpContext, xdp


@xdp
def xdp_pass(ctx: XdpContext) -> XdpAction:
    return XdpAction.PASS
