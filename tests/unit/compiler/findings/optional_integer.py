"""None has no number."""

from osmia import XdpAction, XdpContext, u32, xdp


def payload(length: u32) -> u32 | None:
    if length < 14:
        return None
    return length - 14


@xdp
def program(ctx: XdpContext) -> XdpAction:
    size = payload(ctx.length)
    return XdpAction.PASS
