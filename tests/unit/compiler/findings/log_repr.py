"""Only plain values are formatted."""

from osmia import XdpAction, XdpContext, log, xdp


@xdp
def program(ctx: XdpContext) -> XdpAction:
    log.info(f"length {ctx.length!r}")
    return XdpAction.PASS
