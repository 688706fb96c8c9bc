"""Drop frames of less than 60 bytes; let all others pass."""

from osmia import XdpAction, XdpContext, xdp


@xdp
def short_frames(ctx: XdpContext) -> XdpAction:
    # Your part: ctx.length is the size of the frame in bytes.
    return XdpAction.PASS
