"""Only map entries can be deleted."""

from osmia import XdpAction, XdpContext, xdp


@xdp
def program(ctx: XdpContext) -> XdpAction:
    length = ctx.length
    del length
    return XdpAction.PASS
