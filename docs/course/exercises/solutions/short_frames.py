"""Drop frames of less than 60 bytes; let all others pass."""

from osmia import XdpAction, XdpContext, xdp


@xdp
def short_frames(ctx: XdpContext) -> XdpAction:
    return XdpAction.DROP if ctx.length < 60 else XdpAction.PASS
